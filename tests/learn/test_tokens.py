"""Processes of tokens against laws that are enumerated: bounds equal likelihoods, kernels keep marginals."""

import itertools
import math

import numpy as np
import pytest
import torch

from ecotone.contracts import BadInput
from ecotone.learn import (
    GeneralizedMaskedTokens,
    InterpolatingTokens,
    MaskedTokens,
    Prediction,
    RowRandom,
    TokenTable,
    Training,
)
from ecotone.learn.denoisers import CachedDenoiser, TokenDenoiser
from ecotone.learn.networks import TokenTransformer
from ecotone.learn.objectives import DenoisingCrossEntropy, GeneralizedMaskedNELBO, InterpolatingNELBO, MaskedNELBO
from ecotone.learn.objectives._interpolating_nelbo import divergence
from ecotone.learn.processes import (
    AbsorbingDiffusion,
    GeneralizedMaskedDiffusion,
    InterpolatingDiscreteDiffusion,
    MaskedDiffusion,
)
from ecotone.learn.samplers import InOrder, TokenAncestral, first_hitting_sampler, self_correction
from ecotone.learn.samplers._first_hitting_sampler import next_hidden
from ecotone.learn.schedules import Chebyshev, Uniform

V, LENGTH = 2, 3
EXACT = TokenTable.random(levels=V, length=LENGTH, seed=3, concentration=0.5)
NOISY = torch.cartesian_prod(*[torch.arange(V + 1)] * LENGTH)  # every noisy row
F64 = torch.float64


def _inconsistent(levels, length, seed=0):
    """A network of random weights: its conditionals belong to no joint law."""
    torch.manual_seed(seed)
    network = TokenTransformer(width=16, depth=1, heads=2).build((length, levels)).double()
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.4)
    return TokenDenoiser(network.requires_grad_(False), MaskedDiffusion(levels), length).eval()


def _gauss(low, high, count=60):
    x, w = np.polynomial.legendre.leggauss(count)
    return torch.tensor(low + (high - low) * (x + 1) / 2), torch.tensor(w * (high - low) / 2)


def _masked_bound(denoiser, process, x, t):
    """The integrand of the bound at t for one row, by enumeration of what may be hidden."""
    total = torch.zeros((), dtype=F64)
    for hidden in itertools.product([False, True], repeat=len(x)):
        hide = torch.tensor(hidden)
        chance = torch.where(hide, process.hidden(t), process.alpha(t)).prod()
        z = torch.where(hide, process.mask, x)[None]
        guess = denoiser(z, float(t)).x0[0].double().gather(1, x[:, None])[:, 0]
        total = total + chance * process.rate(t) * -torch.where(hide, guess.log(), 0.0).sum()
    return total


def _order_average(denoiser, process, x):
    orders = itertools.permutations(range(x.shape[1]))
    return torch.stack([InOrder(o).log_prob(denoiser, process, x) for o in orders]).mean(0)


@pytest.mark.oracle("MaskedDiffusion")
@pytest.mark.parametrize("form, power", [("linear", 1.0), ("polynomial", 2.5), ("cosine", 1.0)])
def test_the_bound_is_the_likelihood_for_every_schedule(form, power):
    process = MaskedDiffusion(V, form, power)
    denoiser, wrong = EXACT.denoiser(process), _inconsistent(V, LENGTH)
    times, weights = _gauss(0, 1)
    for x in EXACT.rows_[[0, 3, 6]]:
        bound = sum(w * _masked_bound(denoiser, process, x, t) for t, w in zip(times, weights, strict=True))
        assert float(bound) == pytest.approx(-float(EXACT.log_prob(x[None])), abs=1e-5)
        bound = sum(w * _masked_bound(wrong, process, x, t) for t, w in zip(times, weights, strict=True))
        assert float(bound) == pytest.approx(-float(_order_average(wrong, process, x[None])), abs=1e-5)


@pytest.mark.oracle("MaskedNELBO")
@pytest.mark.parametrize("steps", [None, 4])
def test_masked_loss_is_the_bound(steps):
    n = 60_000
    x = torch.tensor([0, 1, 1]).expand(n, 3)
    for process in (MaskedDiffusion(V), MaskedDiffusion(V, "cosine", margin=0.01)):
        denoiser, loss = EXACT.denoiser(process), MaskedNELBO(steps)
        if steps is None:
            times, weights = _gauss(0, 1)
        else:
            times, weights = torch.arange(1, steps + 1, dtype=F64) / steps, torch.full((steps,), 1 / steps)
        want = 0.0
        for t, w in zip(times, weights, strict=True):
            scale = process.rate(t)
            if steps is not None:
                scale = steps * (process.alpha(t - 1 / steps) - process.alpha(t)) / process.hidden(t)
            want += float(w * _masked_bound(denoiser, process, x[0], t) / process.rate(t) * scale)
        want += 3 * process.margin * math.log(V)
        rng = RowRandom(0, n)
        found = loss.rows(denoiser, x, (torch.arange(n) + 0.5) / n, None, rng)
        assert float(found.mean()) == pytest.approx(want, abs=5 * float(found.std()) / n**0.5)


@pytest.mark.oracle("AbsorbingDiffusion")
def test_the_concrete_score_is_a_ratio_of_marginals():
    process, t = AbsorbingDiffusion(V), torch.tensor(0.37, dtype=F64)
    alpha = process.alpha(t)

    def marginal(z):
        hidden = z == V
        fits = ((EXACT.rows_ == z) | hidden).all(1)
        return EXACT.probabilities_[fits].sum() * torch.where(hidden, 1 - alpha, alpha).prod()

    score = process.score(EXACT.denoiser(process)(NOISY, t), NOISY, t)
    for row, z in enumerate(NOISY):
        for i, v in itertools.product(range(LENGTH), range(V)):
            other = z.clone()
            other[i] = v
            want = marginal(other) / marginal(z) if z[i] == V else torch.zeros((), dtype=F64)
            assert torch.allclose(score[row, i, v], want, atol=1e-12)


@pytest.mark.oracle("AbsorbingDiffusion")
def test_absorbing_diffusion_is_masked_diffusion_in_another_time():
    absorbing, masked = AbsorbingDiffusion(V, margin=1e-6), MaskedDiffusion(V)
    denoiser, times = EXACT.denoiser(masked), torch.linspace(0.1, 0.9, 5, dtype=F64)
    for x, t in itertools.product(EXACT.rows_[[1, 4]], times):
        same = masked.time(absorbing.alpha(t))
        stretch = absorbing.alpha_rate(t) / masked.alpha_rate(same)
        ours, other = _masked_bound(denoiser, absorbing, x, t), _masked_bound(denoiser, masked, x, same)
        assert torch.allclose(ours, other * stretch)
    assert torch.allclose(absorbing.time(absorbing.alpha(times)), times)


@pytest.mark.oracle("DenoisingCrossEntropy")
def test_four_forms_have_one_expectation():
    # of a network whose conditionals disagree, on length 4: the mean over all 24 orders
    denoiser, process, n = _inconsistent(3, 4), AbsorbingDiffusion(3, margin=1e-6), 60_000
    denoiser.process = process
    x = torch.tensor([2, 0, 1, 1])
    want = -float(_order_average(denoiser, process, x[None]))
    u = (torch.arange(n) + 0.5) / n
    with torch.no_grad():
        found = {}
        for form in ("share", "count", "time", "score"):
            found[form] = DenoisingCrossEntropy(form).rows(denoiser, x.expand(n, 4), u, None, RowRandom(1, n))
            assert float(found[form].mean()) == pytest.approx(want, abs=5 * float(found[form].std()) / n**0.5), form
    assert torch.allclose(found["time"], found["score"], rtol=1e-6)
    with pytest.raises(BadInput, match="AbsorbingDiffusion"):
        DenoisingCrossEntropy("time").rows(_inconsistent(3, 4), x[None], u[:1], None, RowRandom(1, 1))


@pytest.mark.oracle("InterpolatingDiscreteDiffusion")
@pytest.mark.oracle("InterpolatingNELBO")
@pytest.mark.parametrize("uniform", [0.0, 0.2, 0.7, 1.0])
def test_the_interpolating_bound_is_the_likelihood(uniform):
    process = InterpolatingDiscreteDiffusion(V, uniform)
    denoiser = EXACT.denoiser(process)
    nodes, weights = _gauss(0, 1, 60)
    for _ in range(2):  # dense at both ends, where the rates are infinite
        weights, nodes = weights * math.pi / 2 * torch.sin(math.pi * nodes), torch.sin(math.pi * nodes / 2) ** 2
    times = nodes
    for x in EXACT.rows_[[0, 5]]:
        total = torch.zeros((), dtype=F64)
        for t, w in zip(times, weights, strict=True):
            at, x0 = t.expand(len(NOISY)), x.expand(len(NOISY), -1)
            chance = process.marginal(torch.eye(V)[x][None], t)[0]
            p = torch.stack([chance[i, NOISY[:, i]] for i in range(LENGTH)]).prod(0)
            inner = process.weight(NOISY, x0, at) * divergence(process, denoiser(NOISY, at).x0, NOISY, x0, at)
            total = total + w * (p * torch.where(p > 0, inner.sum(1), 0.0)).sum()
        assert float(total) == pytest.approx(-float(EXACT.log_prob(x[None])), abs=1e-5)
    if uniform == 0:  # and pointwise that of masked diffusion
        at, x0 = torch.full((len(NOISY),), 0.3, dtype=F64), EXACT.rows_[5].expand(len(NOISY), -1)
        fits = ((x0 == NOISY) | (NOISY == V)).all(1)
        guess = denoiser(NOISY, at).x0
        ours = (process.weight(NOISY, x0, at) * divergence(process, guess, NOISY, x0, at))[fits]
        error = -guess.gather(2, x0[..., None])[..., 0].log()
        assert torch.allclose(ours, torch.where(NOISY == V, MaskedDiffusion(V).rate(at)[:, None] * error, 0.0)[fits])


@pytest.mark.oracle("InterpolatingDiscreteDiffusion")
def test_weights_of_the_paper_and_uniform_diffusion():
    # the closed forms that the paper gives for its hybrid noise, and D3PM's uniform transitions
    process, t = InterpolatingDiscreteDiffusion(5, 0.3, gamma=1.5), torch.tensor([0.2, 0.6], dtype=F64)
    b = 2**1.5 * 0.3 / 0.7
    c = b * (t * (1 - t)) ** 0.75
    g = c + (1 - t) * 0.75 * b * (t * (1 - t)) ** -0.25 * (1 - 2 * t)
    z, x = torch.tensor([[5, 1, 2]]).expand(2, 3), torch.tensor([[1, 1, 1]]).expand(2, 3)
    want = torch.stack([1 / (t * (1 - t)), g / (5 * (1 - t) * (1 - t + c / 5)), g / ((1 - t) * c)], dim=1)
    assert torch.allclose(process.weight(z, x, t), want)
    uniform, s, t = InterpolatingDiscreteDiffusion(4, 1.0), 0.3, 0.8
    kept = (1 - t) / (1 - s)
    one_step = kept * torch.eye(4, dtype=F64) + (1 - kept) / 4
    clean = torch.eye(4, dtype=F64)[None]
    assert torch.allclose(uniform.marginal(clean, s)[0, :, :4] @ one_step, uniform.marginal(clean, t)[0, :, :4])


def test_masses_sum_to_one_and_rates_are_derivatives():
    t = torch.linspace(0.05, 0.95, 9, dtype=F64).requires_grad_()
    for uniform, gamma in ((0.0, 1.0), (0.3, 1.0), (0.6, 0.5), (1.0, 1.0)):
        process = InterpolatingDiscreteDiffusion(4, uniform, gamma)
        alpha, mask, each = process.masses(t)
        assert torch.allclose(alpha + mask + 4 * each, torch.ones_like(t))
        for value, rate in zip((alpha, mask, each), process.mass_rates(t), strict=True):
            (slope,) = torch.autograd.grad(value.sum() + 0 * t.sum(), t, retain_graph=True)
            assert torch.allclose(slope, rate, atol=1e-12)
    for process in (MaskedDiffusion(4, "cosine"), MaskedDiffusion(4, "polynomial", 3.0, 0.01), AbsorbingDiffusion(4)):
        (slope,) = torch.autograd.grad(process.alpha(t).sum(), t)
        assert torch.allclose(process.alpha_rate(t), slope)
        assert torch.allclose(process.time(process.alpha(t)), t)


def _table(x, levels):
    number = (x * levels ** torch.arange(x.shape[1] - 1, -1, -1)).sum(1)
    return torch.bincount(number, minlength=levels ** x.shape[1]).double() / len(x)


def _close(x, table):
    """Pearson's statistic of a sample against the law, as a share of its 1 - 1e-4 quantile."""
    from scipy import stats

    p = table.probabilities_
    return float(len(x) * ((_table(x, table.levels_) - p) ** 2 / p).sum()) / stats.chi2.ppf(1 - 1e-4, len(p) - 1)


@pytest.mark.oracle("first_hitting_sampler")
def test_first_hitting_sampler_has_the_law_exactly():
    process, n = MaskedDiffusion(V, "cosine"), 6000
    denoiser = EXACT.denoiser(process)
    assert _close(first_hitting_sampler(denoiser, process, n, seed=0), EXACT) < 1
    few = TokenAncestral().sample(denoiser, process, n, Uniform(LENGTH), seed=0)
    many = TokenAncestral().sample(denoiser, process, n, Uniform(150), seed=0)
    assert _close(few, EXACT) > 2 and _close(many, EXACT) < 1, "ancestral sampling is exact only in many steps"


@pytest.mark.oracle("first_hitting_sampler")
def test_hitting_times():
    # the first of k tokens is uncovered after t with probability (hidden_t / hidden_tau)^k
    from scipy import stats

    u = RowRandom(0, 4000).uniform()
    found = next_hidden(torch.full_like(u, 0.6), 3, u)
    assert stats.kstest(found.numpy(), lambda h: np.clip(h / 0.6, 0, 1) ** 3).pvalue > 1e-3
    seen = []
    process = MaskedDiffusion(V, "cosine")
    first_hitting_sampler(EXACT.denoiser(process), process, 50, seed=1, hooks=[lambda p: seen.append((p.step, p.t))])
    assert [s for s, _ in seen] == [1, 2, 3] and [t for _, t in seen] == sorted((t for _, t in seen), reverse=True)


@pytest.mark.oracle("TokenAncestral")
@pytest.mark.parametrize("uniform", [0.0, 0.3, 1.0])
def test_the_kernel_of_the_exact_denoiser_keeps_the_law(uniform):
    process = InterpolatingDiscreteDiffusion(V, uniform)
    x = TokenAncestral().sample(EXACT.denoiser(process), process, 8000, Chebyshev(120), seed=0)
    assert _close(x, EXACT) < 1


@pytest.mark.oracle("TokenAncestral")
def test_one_step_of_the_kernel_by_enumeration():
    # with the clean token itself as prediction, q(z_s | z_t, x) is Bayes' rule on the two-step chain
    process, s, t, n = InterpolatingDiscreteDiffusion(V, 0.4), 0.35, 0.6, 40_000
    eye = torch.eye(V, dtype=F64)
    alpha_s, mask_s, each_s = process.masses(torch.tensor(s, dtype=F64))
    alpha, mask, each = process.masses(torch.tensor(t, dtype=F64))
    kept, noise = (
        alpha / alpha_s,
        torch.tensor([each, each, mask]) - alpha / alpha_s * torch.tensor([each_s, each_s, mask_s]),
    )
    one_step = kept * torch.eye(V + 1, dtype=F64) + noise
    q_s = process.marginal(eye[:1][None], s)[0, 0]
    for z in range(V + 1):
        want = q_s * one_step[:, z] / (q_s * one_step[:, z]).sum()
        found = process.step(Prediction(eye[:1].expand(n, 1, V)), torch.full((n, 1), z), t, s, RowRandom(z, n))
        share = torch.bincount(found[:, 0], minlength=V + 1) / n
        assert torch.allclose(share.double(), want, atol=5 * 0.5 / n**0.5)


@pytest.mark.oracle("AbsorbingDiffusion")
def test_cached_rows_give_the_same_samples_by_fewer_evaluations():
    denoiser, n, steps, length = _inconsistent(4, 10), 300, 40, 10
    process = AbsorbingDiffusion(4)
    cached = CachedDenoiser(denoiser)
    plain = TokenAncestral().sample(denoiser, process, n, Uniform(steps), seed=0)
    again = TokenAncestral().sample(cached, process, n, Uniform(steps), seed=0)
    assert torch.equal(plain, again)
    assert torch.equal(plain, TokenAncestral(cache=True).sample(denoiser, process, n, Uniform(steps), seed=0))
    expected = 1 + (steps - 1) * (1 - (1 - 1 / steps) ** length)
    assert cached.asked == n * steps and cached.evaluations / n == pytest.approx(expected, rel=0.03)


def test_cache_forgets_other_rows_and_conditions():
    calls = []

    class Counting:
        shape = (2,)

        def __call__(self, x, t, given=None):
            calls.append(len(x))
            return Prediction(x[..., None].double() + (0 if given is None else given[:, None, None]))

    cached, x, given = CachedDenoiser(Counting()), torch.tensor([[1, 2], [3, 4]]), torch.ones(2)
    assert torch.equal(cached(x, 0.5).x0, cached(x, 0.4).x0) and calls == [2]
    assert float(cached(x, 0.4, given).x0[0, 0, 0]) == 2 and calls == [2, 2]
    changed = x.clone()
    changed[1, 0] = 7
    assert float(cached(changed, torch.ones(2), given).x0[1, 0, 0]) == 8 and calls == [2, 2, 1]
    assert cached(x[:1], 0.1).x0.shape == (1, 2, 1) and cached.asked == 2 + 2 + 2 + 2 + 1


@pytest.mark.oracle("InOrder")
@pytest.mark.oracle("MaskedTokens")
def test_a_fixed_order_is_a_normalised_density_of_its_samples():
    settings = Training(
        steps=250,
        eval_every=250,
        batch_size=128,
        device="cpu",
        learning_rate=1e-2,
        ema=0.9,
        validation_fraction=0,
        precision="64-true",
    )
    x = EXACT.sample(400, seed=0)
    model = MaskedTokens(
        TokenTransformer(width=16, depth=1, heads=2), order=(2, 0, 1), levels=V, training=settings
    ).fit(x)
    log = torch.as_tensor(model.log_prob(EXACT.rows_.numpy()))
    assert float(log.exp().sum()) == pytest.approx(1, abs=1e-6)
    drawn = torch.as_tensor(model.sample(10_000, seed=1))
    assert _close(drawn, TokenTable.of(log.exp().reshape((V,) * LENGTH))) < 1
    # the bound is the mean over orders, so that of a consistent model is its likelihood
    want = _order_average(model.denoiser_, model.process_, EXACT.rows_)
    bound = model.bound(EXACT.rows_.numpy(), draws=2000, batch_size=8192)
    likely = EXACT.probabilities_.numpy() > 0.02
    assert np.allclose(bound[likely], want.detach().numpy()[likely], atol=0.06)
    assert float(EXACT.probabilities_ @ (EXACT.log_prob(EXACT.rows_) - log)) < 0.1, "it learned the law"


@pytest.mark.oracle("InterpolatingTokens")
def test_interpolating_tokens_learn_the_law_and_bound_it():
    settings = Training(
        steps=250, eval_every=250, batch_size=128, device="cpu", learning_rate=1e-2, ema=0.9, validation_fraction=0
    )
    model = InterpolatingTokens(
        TokenTransformer(width=24, depth=1, heads=2, time=True),
        process=InterpolatingDiscreteDiffusion(uniform=0.2),
        levels=V,
        training=settings,
    ).fit(EXACT.sample(3000, seed=0))
    x = EXACT.sample(800, seed=5)
    gap = float(EXACT.log_prob(x).mean() - model.bound(x, draws=24, batch_size=8192).mean())
    assert -0.1 < gap < 0.15, "it is near the exact likelihood, and not above it by more than its noise"
    drawn = torch.as_tensor(model.sample(4000, seed=1))
    assert float((_table(drawn, V) - EXACT.probabilities_).abs().sum()) / 2 < 0.1


@pytest.mark.oracle("TokenTable")
def test_table_counts_and_denoises_by_bayes():
    x = EXACT.sample(50_000, seed=0)
    assert _close(torch.as_tensor(x), EXACT) < 1
    fitted = TokenTable(smoothing=1.0).fit(x, sample_weight=np.ones(len(x)))
    want = (_table(torch.as_tensor(x), V) * len(x) + 1) / (len(x) + V**LENGTH)
    assert torch.allclose(fitted.probabilities_, want)
    assert EXACT.entropy() == pytest.approx(-float(EXACT.log_prob(EXACT.rows_) @ EXACT.probabilities_))
    for process in (MaskedDiffusion(V), InterpolatingDiscreteDiffusion(V, 0.4)):
        t = torch.tensor(0.5, dtype=F64)
        found = EXACT.denoiser(process)(NOISY, t).x0
        like = process.likelihood(NOISY, t)
        for z, i in ((5, 0), (14, 1), (26, 2)):
            chance = EXACT.probabilities_.clone()
            for j in range(LENGTH):
                if j != i or not process.left_out:
                    chance = chance * like[z, j, EXACT.rows_[:, j]]
            for v in range(V):
                share = chance[EXACT.rows_[:, i] == v].sum() / chance.sum()
                assert torch.allclose(found[z, i, v], share, atol=1e-12)


@pytest.mark.oracle("TokenTransformer")
def test_transformer_starts_uniform_and_the_causal_one_sees_the_left_only():
    assert not TokenTransformer(width=8, depth=1, heads=2).build((4, 3))(torch.zeros(2, 4).long(), torch.rand(2)).any()
    torch.manual_seed(0)
    both, left = (TokenTransformer(width=8, depth=2, heads=2, causal=c).build((6, 3)) for c in (False, True))
    left.load_state_dict(both.state_dict())
    for module in (both, left):
        torch.nn.init.normal_(module.last.weight)
    x, t = torch.randint(0, 4, (2, 6)), torch.zeros(2)
    y = x.clone()
    y[:, 4] = (y[:, 4] + 1) % 4
    assert torch.allclose(left(x, t)[:, :4], left(y, t)[:, :4]) and not torch.allclose(left(x, t), left(y, t))
    assert not torch.allclose(both(x, t)[:, :4], both(y, t)[:, :4])
    # one head by hand
    layer, h = both.layers[0], torch.randn(2, 6, 8)
    q, k, v = layer.joint(layer.first(h)).split(8, -1)
    mixed = torch.cat(
        [torch.softmax(q[..., s] @ k[..., s].mT / 2, -1) @ v[..., s] for s in (slice(0, 4), slice(4, 8))], -1
    )
    mid = h + layer.mixed(mixed)
    want = mid + layer.outer(torch.nn.functional.gelu(layer.inner(layer.second(mid))))
    assert torch.allclose(layer(h), want, atol=1e-5)


def test_self_correction_commits_the_surest_replacement_and_ends():
    law = torch.full((2,) * 4, 1e-3)
    law[0, 0, 0, 0] = law[1, 1, 1, 1] = 1.0
    denoiser = TokenTable.of(law).denoiser(InterpolatingDiscreteDiffusion(2, 0.3))
    x = torch.tensor([[0, 0, 1, 0], [1, 1, 0, 1], [0, 0, 0, 0]])
    assert self_correction(denoiser, x, seed=0).tolist() == [[0] * 4, [1] * 4, [0] * 4]
    assert torch.equal(self_correction(denoiser, x, steps=0), x)


def _says(probabilities):
    """A denoiser that says the same of every row, and the calls that it has had."""
    calls = []

    def denoiser(x, t, given=None):
        calls.append((x.clone(), t, given))
        return Prediction(probabilities(x) if callable(probabilities) else probabilities.expand(len(x), -1, -1))

    return denoiser, calls


def test_self_correction_replaces_from_the_surest_token_to_the_least_sure():
    sure = torch.tensor([0.9, 0.99, 0.8, 0.97], dtype=F64)
    denoiser, calls = _says(torch.stack([1 - sure, sure], dim=-1)[None])
    x, given = torch.tensor([[0, 0, 0, 1]]), torch.tensor([3])
    rows = [self_correction(denoiser, x, given=given, steps=k, temperature=0.2, seed=0)[0].tolist() for k in range(5)]
    assert rows == [[0, 0, 0, 1], [0, 1, 0, 1], [1, 1, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert x.tolist() == [[0, 0, 0, 1]] and all(t == 0.01 and given.tolist() == [3] for _, t, given in calls)


def test_self_correction_draws_from_the_sharpened_prediction_by_row():
    denoiser, _ = _says(torch.tensor([[[0.3, 0.7]]], dtype=F64))
    found = self_correction(denoiser, torch.zeros(4000, 1, dtype=torch.int64), steps=1, temperature=0.5, seed=0)
    assert float(found.double().mean()) == pytest.approx(0.49 / 0.58, abs=0.03)  # squares: 1 / temperature = 2
    x = torch.cartesian_prod(*[torch.arange(2)] * 3)
    soft = EXACT.denoiser(InterpolatingDiscreteDiffusion(2, 0.3))
    whole = self_correction(soft, x, temperature=1.0, steps=6, seed=4)
    assert torch.equal(whole[:3], self_correction(soft, x[:3], temperature=1.0, steps=6, seed=4)), "a row by itself"


@pytest.mark.parametrize("patience", [0, 3])
def test_self_correction_gives_a_row_up_that_does_not_come_to_agree(patience):
    def other(x):  # always for the other token: the share of agreement stays at 0
        return torch.nn.functional.one_hot(1 - x, 2) * 0.98 + 0.01

    denoiser, calls = _says(other)
    self_correction(denoiser, torch.zeros(1, 5, dtype=torch.int64), patience=patience, seed=0)
    assert len(calls) == patience + 2, "first agreement, steps of patience, and the look that ends it"


def _generalized(process, mu, w, x, t):
    """The integrand of the bound for one row by enumeration of what is hidden, differentiable in the powers."""
    total = torch.zeros((), dtype=F64)
    for hidden in itertools.product([False, True], repeat=len(x)):
        hide = torch.tensor(hidden)
        gone = t ** w[x]
        chance = torch.where(hide, gone, 1 - gone).prod()
        guess = mu(torch.where(hide, process.mask, x)[None], float(t)).x0[0].double()
        own = torch.log(guess.gather(1, x[:, None])[:, 0])
        total = total + chance * torch.where(hide, (guess @ w - w[x] * (own + 1)) / t, 0.0).sum()
    return total


@pytest.mark.oracle("GeneralizedMaskedDiffusion")
@pytest.mark.oracle("GeneralizedMaskedNELBO")
def test_the_generalized_bound_is_the_likelihood():
    process = GeneralizedMaskedDiffusion(V, (0.4, 2.5))
    denoiser, w = EXACT.denoiser(process), process.exponents(NOISY)
    nodes, weights = _gauss(0, 1)
    for _ in range(2):
        weights, nodes = weights * math.pi / 2 * torch.sin(math.pi * nodes), torch.sin(math.pi * nodes / 2) ** 2
    for x in EXACT.rows_[[1, 6]]:
        bound = sum(a * _generalized(process, denoiser, w, x, t) for t, a in zip(nodes, weights, strict=True))
        assert float(bound) == pytest.approx(-float(EXACT.log_prob(x[None])), abs=1e-5)
    # one power for all is masked diffusion, and its margin's term is what the integral leaves out
    same, n = GeneralizedMaskedDiffusion(V, (1.0, 1.0)), 20_000
    x, u = EXACT.rows_[3].expand(n, LENGTH), (torch.arange(n, dtype=F64) + 0.5) / n
    found = GeneralizedMaskedNELBO(margin=1e-2).rows(EXACT.denoiser(same), x, u, None, RowRandom(0, n))
    rest = LENGTH * 1e-2 * math.log(V)
    loss = MaskedNELBO().rows(EXACT.denoiser(MaskedDiffusion(V)), x, 0.01 + 0.99 * u, None, RowRandom(0, n))
    assert torch.allclose(found, 0.99 * loss + rest)


@pytest.mark.oracle("GeneralizedMaskedNELBO")
def test_the_gradient_of_the_powers_is_unbiased():
    n, t = 40_000, 0.45
    process, net = GeneralizedMaskedDiffusion(V), _inconsistent(V, LENGTH)

    class Learned:
        def __init__(self, w):
            self.w, self.process = w, process

        def powers(self):
            return self.w

        def __call__(self, z, t, given=None):
            return net(z, t)

    x = EXACT.rows_[5]
    w = torch.tensor([0.7, 1.6], dtype=F64, requires_grad=True)
    margin = 0.2
    exact = (1 - margin) * _generalized(process, net, w, x, torch.tensor(t, dtype=F64))
    start = math.log(margin) * w
    exact = exact + (torch.exp(start[x]) * (torch.logsumexp(start, 0) - start[x])).sum()
    (want,) = torch.autograd.grad(exact, w)
    u = torch.full((n,), (t - margin) / (1 - margin), dtype=F64)
    rows = GeneralizedMaskedNELBO(margin).rows(Learned(w), x.expand(n, -1), u, None, RowRandom(0, n))
    (found,) = torch.autograd.grad(rows.mean(), w)
    assert float(rows.detach().mean()) == pytest.approx(float(exact.detach()), rel=0.02)
    assert torch.allclose(found, want, atol=0.04 * float(want.abs().max()))


@pytest.mark.oracle("GeneralizedMaskedTokens")
def test_learned_powers_bound_the_law():
    settings = Training(
        steps=250, eval_every=250, batch_size=128, device="cpu", learning_rate=1e-2, ema=0.9, validation_fraction=0
    )
    model = GeneralizedMaskedTokens(
        TokenTransformer(width=16, depth=1, heads=2, time=True), levels=V, training=settings
    ).fit(EXACT.sample(3000, seed=0))
    x = EXACT.sample(600, seed=5)
    gap = float(EXACT.log_prob(x).mean() - model.bound(x, draws=24, batch_size=8192).mean())
    assert -0.1 < gap < 0.15
    assert model.process_.powers != (1.0, 1.0) and min(model.process_.powers) > 0
    drawn = torch.as_tensor(model.sample(4000, seed=1))
    assert float((_table(drawn, V) - EXACT.probabilities_).abs().sum()) / 2 < 0.1


@pytest.mark.oracle("Chebyshev")
def test_chebyshev_points_are_the_extrema_of_chebyshev_polynomials():
    times = Chebyshev(7, end=-1.0)(MaskedDiffusion(2)) * 1.0
    slope = np.polynomial.chebyshev.Chebyshev.basis(7).deriv()(times.numpy())
    assert np.allclose(slope[1:-1], 0, atol=1e-9) and times[0] == 1 and times[-1] == -1


def test_draws_are_exact_in_the_tails():
    # a token of probability 1e-9 against 1 - 1e-9: float32 uniforms never draw it or draw it at 2^-24
    from ecotone.learn.processes._token_process import draw

    class Fixed(RowRandom):
        def _uniform(self, count):
            return torch.tensor([[1 - 0.5e-9], [1 - 2e-9]], dtype=F64).expand(2, count)

    weights = torch.tensor([[1 - 1e-9, 1e-9]], dtype=F64).expand(2, 2)
    assert draw(weights, Fixed(0, 2)).tolist() == [1, 0]
    many = draw(torch.tensor([0.0, 0.5, 0.0, 0.5]).expand(4000, 4), RowRandom(0, 4000, dtype=torch.float32))
    assert set(many.tolist()) == {1, 3}


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: MaskedDiffusion(1), "levels"),
        (lambda: MaskedDiffusion(2, "other"), "form"),
        (lambda: MaskedDiffusion(2, margin=0.7), "margin"),
        (lambda: AbsorbingDiffusion(2, margin=0.0), "margin"),
        (lambda: InterpolatingDiscreteDiffusion(2, 1.5), "uniform"),
        (lambda: TokenTable.random(levels=10, length=10), "out of range"),
        (lambda: TokenTable.of([[0.5, 0.5]]), "axes"),
        (lambda: TokenTable(levels=2).fit([[0, 2]]), "row 0, place 1"),
        (lambda: TokenTable().fit([[0.5, 1]]), "whole numbers"),
        (lambda: EXACT.log_prob([[0, 1, 5]]), "0 to 1"),
        (lambda: GeneralizedMaskedDiffusion(2, (1.0,)), "powers"),
        (lambda: GeneralizedMaskedDiffusion(2, (1.0, 0.0)), "positive"),
        (lambda: Chebyshev(0)(MaskedDiffusion(2)), "steps"),
        (lambda: InOrder((0, 0, 1)).places(3), "once"),
        (lambda: MaskedNELBO(0).rows(_inconsistent(2, 3), EXACT.rows_, torch.rand(8), None, RowRandom(0, 8)), "steps"),
        (lambda: self_correction(EXACT.denoiser(MaskedDiffusion(2)), EXACT.rows_, temperature=0), "temperature"),
        (lambda: TokenTransformer(width=10, heads=4).build((3, 2)), "multiple of heads"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(BadInput, match=words):
        make()


def test_dynamic_weights_of_the_interpolating_loss():
    # von Rütte et al. (2025): 2 where masked, 1 where replaced, and the ratio of the two weights where clean
    process = InterpolatingDiscreteDiffusion(4, uniform=0.3)
    z, x, t = torch.tensor([[process.mask, 1, 2]]), torch.tensor([[0, 3, 2]]), torch.tensor([0.4], dtype=F64)
    found = InterpolatingNELBO(weights="dynamic")._weight(process, z, x, t)
    whole = process.weight(z, x, t)
    assert torch.allclose(found[0, :2], torch.tensor([2.0, 1.0], dtype=F64))
    assert float(found[0, 2]) == pytest.approx(float(whole[0, 2] / process.weight(z, x + 1, t)[0, 2]))
    assert torch.equal(InterpolatingNELBO(weights="clipped")._weight(process, z, x, t), whole.clamp(max=2.0))
