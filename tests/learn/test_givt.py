"""GIVT against scikit-learn's mixture, exact normal autoregression, and quadrature."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.mixture import GaussianMixture as SklearnMixture

from ecotone.contracts import BadInput
from ecotone.learn import GIVT, Training

QUICK = Training(steps=2, eval_every=2, batch_size=32, device="cpu", precision="64-true")


def _inverse_scale(scale):
    return torch.as_tensor(scale - 1 / scale)  # (r + sqrt(r^2 + 4)) / 2 = scale


@pytest.mark.oracle("GIVT")
def test_one_token_is_scikit_learns_mixture():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(150, 3)), 4 + 0.5 * rng.normal(size=(150, 3)) * [1, 2, 3]])
    model = GIVT(components=2, width=8, depth=1, heads=2, training=QUICK).fit(x[:, None])
    z = (x - x.mean(0)) / x.std(0)
    other = SklearnMixture(2, covariance_type="diag", random_state=0).fit(z)
    with torch.no_grad():
        model.density_.head.weight.zero_()
        logits, mean, raw = model.density_._parts(model.density_.head.bias)
        logits.copy_(torch.as_tensor(np.log(other.weights_)) + 3.0)
        mean.copy_(torch.as_tensor(other.means_))
        raw.copy_(_inverse_scale(np.sqrt(other.covariances_)))
    want = other.score_samples(z) - np.log(x.std(0)).sum()
    assert np.allclose(model.log_prob(x[:, None]), want, atol=1e-9)
    drawn = (model.sample(20_000, seed=0)[:, 0] - x.mean(0)) / x.std(0)
    error = other.score_samples(drawn).std() / 20_000**0.5
    assert other.score_samples(drawn).mean() == pytest.approx(
        other.score_samples(other.sample(20_000)[0]).mean(), abs=6 * error
    )


@pytest.mark.oracle("GIVT")
def test_one_component_and_a_bare_trunk_is_normal_autoregression():
    # with a trunk that passes its input on, x_t given the past is normal around a linear map of x_(t-1)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 4, 2))
    model = GIVT(components=1, width=2, depth=1, heads=1, training=QUICK).fit(x)
    model.density_.trunk = torch.nn.Identity()
    matrix, bias, scale = np.array([[0.9, -0.4], [0.2, 0.5]]), np.array([0.1, -0.3]), np.array([0.4, 1.7])
    with torch.no_grad():
        model.density_.start.zero_(), model.density_.place.zero_()
        model.density_.enter.weight.copy_(torch.eye(2)), model.density_.enter.bias.zero_()
        model.density_.head.weight.zero_()
        model.density_.head.weight[1:3] = torch.as_tensor(matrix)
        model.density_.head.bias.copy_(torch.cat([torch.zeros(1), torch.as_tensor(bias), _inverse_scale(scale)]))
    z = (x - x.mean((0, 1))) / x.std((0, 1))
    past = np.concatenate([np.zeros((100, 1, 2)), z[:, :-1]], axis=1)
    want = norm.logpdf(z, past @ matrix.T + bias, scale).sum((1, 2)) - 4 * np.log(x.std((0, 1))).sum()
    assert np.allclose(model.log_prob(x), want, atol=1e-9)


@pytest.mark.oracle("GIVT")
def test_density_of_a_vector_integrates_to_one_and_samples_follow_it():
    rng = np.random.default_rng(2)
    x = np.stack([a := rng.normal(size=400), np.sign(a) + 0.3 * rng.normal(size=400)], axis=1)
    training = Training(steps=60, eval_every=60, batch_size=64, learning_rate=5e-3, device="cpu", ema=0.9)
    model = GIVT(components=3, width=16, depth=2, heads=2, training=training).fit(x)
    axes = np.linspace(-9, 9, 400), np.linspace(-6, 6, 400)
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(model.log_prob(grid)).reshape(400, 400)
    assert np.trapezoid(np.trapezoid(density, axes[1]), axes[0]) == pytest.approx(1, abs=2e-3)
    drawn = model.sample(20_000, seed=1)
    for column, other in ((0, 1), (1, 0)):
        marginal = np.trapezoid(density, axes[other], axis=other)
        share = np.trapezoid((marginal * (axes[column] < 0.5)), axes[column])
        assert (drawn[:, column] < 0.5).mean() == pytest.approx(share, abs=0.02)


def test_tokens_in_turn_are_the_sequence_at_once():
    x = np.random.default_rng(0).normal(size=(50, 6, 2))
    model = GIVT(components=2, width=8, depth=3, heads=2, training=QUICK).fit(x, given=np.arange(50) % 2)
    trunk, h, kept = model.density_.trunk, torch.randn(3, 6, 8, dtype=torch.float64), []
    at_once = trunk(h)
    in_turn = torch.cat([trunk(h[:, t : t + 1], kept) for t in range(6)], dim=1)
    assert torch.allclose(at_once, in_turn, atol=1e-10)
    assert torch.equal(trunk(h[:, :4]), at_once[:, :4]) or torch.allclose(trunk(h[:, :4]), at_once[:, :4], atol=1e-12)
    changed = h.clone()
    changed[:, 4] += 1
    assert torch.allclose(trunk(changed)[:, :4], at_once[:, :4], atol=1e-12), "nothing sees what comes after"


def test_temperature_scales_standard_deviations():
    x = np.random.default_rng(0).normal(size=(200, 1, 2)) * [1, 30]
    model = GIVT(components=1, width=8, depth=1, heads=2, training=QUICK).fit(x)
    spread = [model.sample(4000, seed=0, temperature=t).std(0) for t in (1.0, 0.5, 0.0)]
    assert np.allclose(spread[1], spread[0] / 2) and np.allclose(spread[2], 0)
    with pytest.raises(BadInput, match="temperature"):
        model.sample(2, temperature=-1.0)


def test_settings_out_of_range():
    x = np.random.default_rng(0).normal(size=(20, 3))
    for bad, words in [
        (GIVT(components=0), "components"),
        (GIVT(width=10, heads=4), "heads divides"),
        (GIVT(floor=0.0), "floor"),
    ]:
        with pytest.raises(BadInput, match=words):
            bad.fit(x)
    with pytest.raises(BadInput, match="sequences"):
        GIVT(training=QUICK).fit(np.random.default_rng(0).normal(size=(20, 3, 2, 2)))
