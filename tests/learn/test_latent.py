"""Latent-variable models against linear-normal laws, factor analysis, quadrature and enumeration."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.decomposition import FactorAnalysis

from ecotone.contracts import BadInput
from ecotone.learn import IWAE, VAE, ConditionalVAE, InfoVAE, RowRandom, Training
from ecotone.learn._contracts import Batch
from ecotone.learn.latent._encoder_decoder import Normal
from ecotone.learn.latent._info_vae import squared_discrepancy

MODELS = [VAE, IWAE, InfoVAE, ConditionalVAE]
QUICK = Training(steps=2, eval_every=2, batch_size=32, device="cpu", precision="64-true")


def _rows(n=200, d=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + 3.0


def _raw(log_std):
    return 8 * torch.atanh(torch.as_tensor(log_std) / 8)


def _set(layer, weight, bias):
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(weight))
        layer.bias.copy_(torch.as_tensor(bias))


LOADINGS = np.array([[1.2, 0.0], [0.0, -0.7], [0.5, 0.0]])  # orthogonal, so that the posterior is diagonal
NOISE = np.array([0.5, 0.8, 0.3])
BIAS = np.array([0.3, -0.2, 0.1])


def _linear(model, *, widen=1.0, shift=0.0, prior_mean=0.0, prior_std=1.0):
    """A linear-normal law in the model, with its exact posterior (times ``widen``, plus ``shift``) in the encoder."""
    module = model.module_
    width = module.decoder[0].in_features - 2
    told = np.linspace(0.2, 0.6, 3 * width).reshape(3, width)
    _set(module.decoder[0], np.hstack([LOADINGS, told]), BIAS)
    with torch.no_grad():
        module.raw_std.copy_(_raw(np.log(NOISE)))
    precision = prior_std**-2 + (LOADINGS**2 / NOISE[:, None] ** 2).sum(0)
    gain = (LOADINGS / NOISE[:, None] ** 2).T / precision[:, None]
    mean = np.hstack([gain, -gain @ told])
    bias = -gain @ BIAS + prior_mean * prior_std**-2 / precision + shift
    log_std = _raw(np.log(widen / np.sqrt(precision))).numpy()
    _set(module.encoder[0], np.vstack([mean, np.zeros((2, 3 + width))]), np.concatenate([bias, log_std]))
    if module.prior is not None:
        _set(module.prior[0], np.zeros((4, width)), [prior_mean] * 2 + [float(_raw(math.log(prior_std)))] * 2)
    scale = model.scale_.numpy()
    cov = scale[:, None] * (prior_std**2 * LOADINGS @ LOADINGS.T + np.diag(NOISE**2)) * scale

    def log_prob(x, c=None):
        at = BIAS + LOADINGS.sum(1) * prior_mean + (0 if c is None else c @ told.T)
        return np.atleast_1d(multivariate_normal.logpdf(x - model.centre_.numpy() - scale * at, np.zeros(3), cov))

    return log_prob


@pytest.mark.oracle("VAE")
@pytest.mark.oracle("InfoVAE")
@pytest.mark.parametrize("kind", [VAE, InfoVAE])
def test_bound_is_the_density_where_the_encoder_is_the_posterior(kind):
    x = _rows()
    model = kind(2, hidden=(), training=QUICK).fit(x)
    exact = _linear(model)
    for seed in (0, 1):
        assert np.allclose(model.bound(x, samples=1, seed=seed), exact(x), atol=1e-9), "whatever is drawn"
    many = model.sample(40_000, seed=0)
    assert exact(many).mean() == pytest.approx(-_entropy(model), abs=0.02), "samples are of the law"


def _entropy(model):
    scale = model.scale_.numpy()
    cov = scale[:, None] * (LOADINGS @ LOADINGS.T + np.diag(NOISE**2)) * scale
    return multivariate_normal(np.zeros(3), cov).entropy()


@pytest.mark.oracle("VAE")
def test_linear_vae_learns_factor_analysis():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 2)) @ rng.normal(size=(2, 6)) + rng.normal(size=(3000, 6)) * np.linspace(0.3, 1, 6)
    training = Training(
        steps=700, eval_every=700, batch_size=512, learning_rate=2e-2, ema=0.99, validation_fraction=0, device="cpu"
    )
    model = VAE(2, hidden=(), training=training).fit(x)
    best = FactorAnalysis(2, tol=1e-6, max_iter=5000).fit(x).score(x)
    found = model.bound(x, samples=1).mean()
    assert best - 0.05 < found < best + 0.01


@pytest.mark.oracle("IWAE")
def test_bound_rises_with_samples_to_the_density():
    x = _rows()
    model = IWAE(2, samples=2, hidden=(), training=QUICK).fit(x)
    exact = _linear(model, widen=1.3, shift=0.25)(x[:1])[0]
    same = np.repeat(x[:1], 20_000, axis=0)
    means = [model.bound(same, samples=k).mean() for k in (1, 2, 8)]
    precision = 1 + (LOADINGS**2 / NOISE[:, None] ** 2).sum(0)
    divergence = sum(0.5 * (1.3**2 + 0.25**2 * p - 1) - math.log(1.3) for p in precision)
    assert means[0] == pytest.approx(exact - divergence, abs=0.03), "k = 1 is the evidence lower bound"
    assert means[0] + 0.05 < means[1] and means[1] + 0.02 < means[2] < exact
    assert model.bound(x[:1], samples=200_000)[0] == pytest.approx(exact, abs=0.01)


@pytest.mark.oracle("IWAE")
def test_gradient_weighs_each_latent_by_its_importance():
    x = torch.as_tensor(_rows(5))
    model = IWAE(2, samples=3, hidden=(4,), training=QUICK).fit(_rows())
    module = model.module_
    seen = module(x, None, 3, RowRandom(0, 5))
    weights = torch.softmax(seen.log_weight, dim=1).detach()
    parameters = [p for p in module.parameters() if p.requires_grad]
    want = torch.autograd.grad((weights * seen.log_weight).sum(), parameters, retain_graph=True)
    got = torch.autograd.grad(model._objective(seen, Batch(x, None, None, RowRandom(1, 5))).sum(), parameters)
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(want, got, strict=True))


@pytest.mark.oracle("InfoVAE")
def test_alpha_0_lambda_1_is_the_vae():
    training = Training(steps=30, eval_every=30, batch_size=32, device="cpu")
    plain, info = (
        kind.fit(_rows())
        for kind in (
            VAE(2, hidden=(8,), training=training),
            InfoVAE(2, alpha=0, lambda_=1, hidden=(8,), training=training),
        )
    )
    assert np.array_equal(plain.sample(5, seed=0), info.sample(5, seed=0))
    other = InfoVAE(2, alpha=0, lambda_=50, hidden=(8,), training=training).fit(_rows())
    assert not np.allclose(plain.sample(5, seed=0), other.sample(5, seed=0))


@pytest.mark.oracle("InfoVAE")
@pytest.mark.parametrize("alpha, lambda_", [(0.0, 1.0), (0.5, 3.0), (1.0, 2.0), (-1.0, 2.0)])
def test_objective_weighs_its_three_parts_as_the_paper_does(alpha, lambda_):
    # E log p(x|z) - (1 - alpha) KL(q(z|x) || p(z)) - (alpha + lambda - 1) MMD^2(q(z), p(z))
    z, log = torch.randn(50, 1, 2, dtype=torch.float64), torch.randn(50, 1, dtype=torch.float64)
    posterior, prior = (SimpleNamespace(divergence=lambda other: torch.full((50,), 0.7).double()) for _ in range(2))
    seen = SimpleNamespace(reconstruction=log, posterior=posterior, prior=prior, z=z)
    model = InfoVAE(2, alpha=alpha, lambda_=lambda_, bandwidth=1.5)
    found = model._objective(seen, Batch(z[:, 0], None, None, RowRandom(3, 50)))
    drawn = RowRandom(3, 50).normal((2,))
    apart = squared_discrepancy(z[:, 0], drawn, 1.5)
    assert torch.allclose(found, log[:, 0] - (1 - alpha) * 0.7 - (alpha + lambda_ - 1) * apart)


@pytest.mark.oracle("InfoVAE")
@pytest.mark.parametrize("weighted", [False, True])
def test_discrepancy_and_divergence_have_their_closed_forms(weighted):
    rng = torch.Generator().manual_seed(0)
    d, h, mean, std = 3, 2.0, 0.7, 0.5

    def kernel(gap, spread):
        return (1 + 2 * spread / h**2) ** (-d / 2) * math.exp(-d * gap**2 / (h**2 + 2 * spread))

    exact = kernel(0, 2 * std**2) + kernel(0, 2) - 2 * kernel(mean, 1 + std**2)
    x = mean + std * torch.randn(300, 40, d, generator=rng, dtype=torch.float64)
    y = torch.randn(300, 40, d, generator=rng, dtype=torch.float64)
    weight = torch.rand(40, generator=rng) if weighted else None
    found = torch.stack([squared_discrepancy(a, b, h, weight) for a, b in zip(x, y, strict=True)])
    assert float(found.mean()) == pytest.approx(exact, abs=4 * float(found.std()) / 300**0.5)
    null = torch.stack([squared_discrepancy(a, b, h, weight) for a, b in zip(y, y.flip(0), strict=True)])
    assert abs(float(null.mean())) < 4 * float(null.std()) / 300**0.5, "unbiased, so below 0 at times"
    a, b = (Normal(torch.randn(4, d, generator=rng), torch.randn(4, d, generator=rng)) for _ in range(2))
    distributions = [torch.distributions.Normal(n.mean, n.log_std.exp()) for n in (a, b)]
    assert torch.allclose(a.divergence(b), torch.distributions.kl_divergence(*distributions).sum(1), atol=1e-5)


@pytest.mark.oracle("ConditionalVAE")
def test_conditional_bound_is_the_conditional_density():
    x, y = _rows(), np.random.default_rng(3).normal(size=(200, 2)) * [1, 5]
    model = ConditionalVAE(2, hidden=(), training=QUICK).fit(x, given=y)
    exact = _linear(model, prior_mean=0.4, prior_std=0.6)
    c = (y - y.mean(0)) / y.std(0)
    assert np.allclose(model.bound(x, given=y), exact(x, c), atol=1e-9)
    assert not np.allclose(model.bound(x, given=y[::-1]), exact(x, c), atol=0.1)
    fixed = ConditionalVAE(2, hidden=(), learned_prior=False, training=QUICK).fit(x, given=y)
    exact = _linear(fixed)
    assert np.allclose(fixed.bound(x, given=y), exact(x, c), atol=1e-9)


@pytest.mark.oracle("ConditionalVAE")
def test_a_constant_attribute_is_no_attribute():
    x = _rows()
    plain = VAE(2, hidden=(4,), training=QUICK).fit(x)
    model = ConditionalVAE(2, hidden=(4,), learned_prior=False, training=QUICK).fit(x, given=np.full(200, 0.5))
    with torch.no_grad():  # the same weights, whatever is learned for the attribute
        for name in ("encoder", "decoder"):
            for a, b in zip(getattr(model.module_, name), getattr(plain.module_, name), strict=True):
                if hasattr(a, "weight"):
                    a.weight[:, : b.weight.shape[1]] = b.weight
                    a.bias.copy_(b.bias)
        model.module_.raw_std.copy_(plain.module_.raw_std)
    assert np.allclose(model.bound(x, given=[0.5]), plain.bound(x), atol=1e-9)
    weighted = [ConditionalVAE(2, beta=b, hidden=(4,), training=QUICK).fit(x, given=x[:, :1]) for b in (1.0, 4.0)]
    assert not np.array_equal(weighted[0].encode(x, given=x[:, :1]), weighted[1].encode(x, given=x[:, :1]))


@pytest.mark.oracle("VAE")
@pytest.mark.parametrize("autoregressive", [False, True])
def test_binary_rows_against_quadrature_and_enumeration(autoregressive):
    x = (np.random.default_rng(0).random((100, 3)) < 0.5).astype(float)
    model = VAE(1, hidden=(4,), likelihood="bernoulli", autoregressive=autoregressive, training=QUICK).fit(x)
    with torch.no_grad():
        for p in model.module_.decoder.parameters():
            p.mul_(2)
        for p in model.module_.encoder.parameters():  # the prior in the encoder's place: weights are bounded
            p.zero_()
        if autoregressive:
            model.module_.before.normal_(0, 2, generator=torch.Generator().manual_seed(0))
    every = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    node = np.linspace(-9, 9, 4001)
    weight = np.exp(-(node**2) / 2)
    z = torch.as_tensor(node)[None, :, None].expand(8, -1, -1)
    with torch.no_grad():
        each = model.module_.log_likelihood(torch.as_tensor(every), z, None).exp().numpy()
    exact = each @ (weight / weight.sum())
    assert exact.sum() == pytest.approx(1, abs=1e-9)
    assert np.exp(model.bound(every, samples=100_000)) == pytest.approx(exact, rel=0.02)
    drawn = model.sample(40_000, seed=0)
    share = np.array([(drawn == row).all(1).mean() for row in every])
    assert share == pytest.approx(exact, abs=4 * 0.5 / 200)


def test_without_a_class_the_bound_is_that_of_the_mixture():
    x, label = _rows(), np.arange(200) % 4 == 0
    model = VAE(2, hidden=(4,), training=QUICK).fit(x, given=label)
    each = np.stack([model.bound(x, given=[c], samples=64) for c in (False, True)], axis=1)
    assert model.bound(x, samples=64) == pytest.approx(np.log(np.exp(each) @ [0.75, 0.25]), abs=1e-9)
    assert np.allclose(model.score_samples(x), model.bound(x, samples=64))
    with pytest.raises(BadInput, match="for every row"):
        model.encode(x)


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_codes_bounds_and_bad_input(kind):
    x, y = _rows(60).reshape(60, 1, 3, 1), np.arange(60) % 2
    given = {"given": y} if kind is ConditionalVAE else {}
    model = kind(2, hidden=(8,), training=QUICK).fit(x, **given)
    z = model.encode(x, **given)
    assert z.shape == (60, 2) and model.decode(z, **given).shape == x.shape and model.log_volume(x) is None
    bound = model.bound(x, samples=3, **given)
    assert bound.shape == (60,) and bound.dtype == np.float64
    part = {"given": y[20:30]} if given else {}
    assert np.allclose(model.bound(x[:30], samples=3, given=y[:30] if given else None), bound[:30])
    assert not np.allclose(model.bound(x, samples=3, seed=1, **given), bound)
    tensor = model.bound(torch.as_tensor(x[20:30]).float(), **part)
    assert isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float32
    for bad, words in [
        (lambda: model.bound(x, samples=0, **given), "at least 1"),
        (lambda: model.bound(x[:, :, :2], **given), "shape"),
        (lambda: model.decode(z[:, :1], **given), "shape"),
        (lambda: kind(0).fit(x, **given), "latents"),
        (lambda: kind(likelihood="poisson").fit(x, **given), "likelihood must be"),
        (lambda: kind(likelihood="bernoulli").fit(x, **given), "outside"),
        (lambda: kind(training=QUICK).fit(0 * x, **given), "constant"),
    ]:
        with pytest.raises(BadInput, match=words):
            bad()
    grey = kind(2, hidden=(4,), likelihood="bernoulli", training=QUICK).fit(np.full((20, 3), 0.4), given=y[:20])
    assert set(np.unique(grey.sample(50, seed=0, given=1))) == {0.0, 1.0}
    with pytest.raises(BadInput, match="zeros and ones"):
        grey.bound(np.full((2, 3), 0.4), given=1)


def test_settings_out_of_range():
    for bad, words in [
        (InfoVAE(alpha=2), "alpha <= 1"),
        (InfoVAE(alpha=0, lambda_=0.5), "alpha <= 1"),
        (IWAE(samples=0), "at least 1"),
        (ConditionalVAE(), "pass given="),
    ]:
        with pytest.raises(BadInput, match=words):
            bad.fit(_rows())
    with pytest.raises(BadInput, match="beta"):
        ConditionalVAE(beta=-1).fit(_rows(), given=np.arange(200) % 2)
