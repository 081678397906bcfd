"""Score-based diffusion and the chain of 2015 against normal laws, whose every step is known."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from ecotone.contracts import BadInput
from ecotone.learn import GaussianDiffusion, GaussianMixture, RowRandom, ScoreSDE, Training
from ecotone.learn.diffusion._chain import Chain, bound, clamped, draw
from ecotone.learn.diffusion._score_sde import ScaledDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.processes import VE, VP, SubVP
from ecotone.learn.samplers import ProbabilityFlow

HALF = GaussianMixture.of([1.0], [[0.0, 0.0]], [0.25 * np.eye(2)])


class Right(nn.Module):
    """What a network must answer for N(0, s^2): the noise or the score, from scaled rows and the time it is told."""

    def __init__(self, process, predicts):
        super().__init__()
        self.kind = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.process, self.predicts = process, predicts

    def forward(self, x, time, given=None):
        r = torch.exp(4 * time)[:, None]
        noise = x * r / torch.sqrt(r**2 + 0.25)
        return noise if self.predicts == "noise" else -noise / self.process.sigma(self.process.time(r))


@pytest.mark.oracle("ScoreSDE")
@pytest.mark.parametrize("process", [VP(), VE(), SubVP()], ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("predicts", ["noise", "score"])
def test_the_right_network_makes_the_exact_denoiser_and_likelihood(process, predicts):
    denoiser, exact = ScaledDenoiser(Right(process, predicts), process, (2,), predicts=predicts), HALF.denoiser(process)
    x = RowRandom(0, 16).normal((2,))
    for t in (0.01, 0.3, 0.9):
        assert torch.allclose(denoiser(x, t).x0, exact(x, t).x0, atol=1e-9)
    # x_T is N(0, (s alpha)^2 + sigma^2) and not quite the prior, which bounds how near the likelihood can be
    rows = torch.as_tensor(HALF.sample(8, seed=0))
    found = ProbabilityFlow().log_prob(denoiser, process, rows)
    assert torch.allclose(found, HALF.log_prob(rows), atol=1e-3)


@pytest.mark.oracle("ScoreSDE")
def test_score_sde_learns_a_mixture():
    exact = GaussianMixture.of([0.4, 0.6], [[-2.0, 0.0], [2.0, 1.0]], [0.3 * np.eye(2), 0.6 * np.eye(2)])
    settings = Training(steps=400, eval_every=200, learning_rate=3e-3, device="cpu", ema=0.99)
    flow = ProbabilityFlow(rtol=1e-3, atol=1e-3)
    model = ScoreSDE(MLP(width=48, depth=2), steps=200, training=settings, likelihood=flow)
    model.fit(exact.sample(3000, seed=0))
    fresh = exact.sample(60, seed=9)
    assert model.log_prob(fresh).mean() == pytest.approx(exact.log_prob(fresh).mean(), abs=0.3)
    drawn = model.sample(1000, seed=0)
    assert (drawn[:, 0] < 0).mean() == pytest.approx(0.4, abs=0.08)
    assert exact.log_prob(drawn).mean() == pytest.approx(exact.log_prob(exact.sample(5000, seed=1)).mean(), abs=0.3)
    with pytest.raises(BadInput, match="noise or score"):
        ScoreSDE(predicts="x0").fit(fresh)


def reverse_of(variance, chain):
    """The exact step back for data N(0, variance)."""

    def reverse(x, t, given=None):
        beta = chain.beta_at(t, x)
        now, before = (k * variance + 1 - k for k in (chain.kept_at(t, x), chain.kept_at(t - 1, x)))
        return torch.sqrt(1 - beta) * before / now * x, (before - (1 - beta) * before**2 / now).expand_as(x)

    return reverse


def normal_log_prob(x, variance):
    return (-0.5 * x**2 / variance - 0.5 * math.log(2 * math.pi * variance)).sum(1)


def normal_divergence(variance, other, off=0.0):
    return 0.5 * (math.log(other / variance) + (variance + off) / other - 1)


@pytest.mark.oracle("GaussianDiffusion")
def test_the_bounds_gap_is_what_its_two_ends_leave_and_vanishes_with_the_steps():
    # With exact steps back the gap is the divergence of p_T from the prior and of the fixed last step
    gaps, v, x = [], 0.3, math.sqrt(0.3) * RowRandom(0, 20_000).normal((1,))
    for steps in (5, 20, 100):
        chain = Chain.of(steps)
        b, last = float(chain.beta[1]), float(chain.kept[-1])
        one = (1 - b) * v + b  # the variance of x_1
        off = (math.sqrt(1 - b) * (1 - v / one)) ** 2 * one
        want = normal_divergence(last * v + 1 - last, 1.0) + normal_divergence(v - (1 - b) * v**2 / one, b, off)
        gaps.append(float((normal_log_prob(x, v) - bound(reverse_of(v, chain), chain, x, seed=1)).mean()))
        assert gaps[-1] == pytest.approx(want, abs=0.005)
    assert gaps[0] > 0.1 > gaps[1] > 0.03 > gaps[2] > 0


@pytest.mark.oracle("GaussianDiffusion")
def test_an_untrained_model_is_exact_for_standard_normal_data():
    # m = h = 0 is the exact step back, so the bound is tight for every number of steps
    x = np.random.default_rng(0).standard_normal((4000, 2))
    x = (x - x.mean(0)) / x.std(0)
    for steps in (3, 30):
        model = GaussianDiffusion(MLP(width=8, depth=1), steps=steps, training=Training(steps=1, device="cpu", ema=0.0))
        model.fit(x)
        with torch.no_grad():
            for p in [*model.kernel_.mean.last.parameters(), *model.kernel_.spread.last.parameters()]:
                p.zero_()
        assert model.bound(x).mean() == pytest.approx(float(normal_log_prob(torch.as_tensor(x), 1.0).mean()), abs=0.02)
        assert model.sample(4000, seed=0).std() == pytest.approx(1, abs=0.03)


@pytest.mark.oracle("GaussianDiffusion")
def test_posterior_and_tilted_steps_are_products_of_normal_laws():
    chain, x0, x_t = Chain.of(40), RowRandom(0, 5).normal((2,)), RowRandom(1, 5).normal((2,))
    for t in (2, 11, 40):
        b, k = float(chain.beta[t]), float(chain.kept[t])
        mean, variance = chain.posterior(x0, x_t, torch.full((5,), t))
        precision = 1 / (1 - k / (1 - b)) + (1 - b) / b
        want = (math.sqrt(k / (1 - b)) * x0 / (1 - k / (1 - b)) + x_t / math.sqrt(1 - b) * (1 - b) / b) / precision
        assert torch.allclose(mean, want, atol=1e-10) and float(variance[0, 0]) == pytest.approx(1 / precision)
    hold = clamped(torch.tensor([2.0, float("nan")], dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64))
    mean, variance = hold(torch.zeros(1, 2, dtype=torch.float64), torch.ones(1, 2, dtype=torch.float64))
    assert mean.tolist() == [[pytest.approx(1.6), 0.0]] and variance.tolist() == [[pytest.approx(0.2), 1.0]]


@pytest.mark.oracle("GaussianDiffusion")
def test_draws_back_follow_the_data_and_hold_what_is_known():
    chain = Chain.of(60)
    x = draw(reverse_of(0.3, chain), chain, RowRandom(0, 20_000), (2,), None)
    b = float(chain.beta[1])  # the last step is the forward kernel, which adds to the variance
    assert float(x.var()) == pytest.approx((1 - b) ** 2 * 0.3 + (2 - b) * b, abs=0.006)
    hold = clamped(torch.tensor([0.4, float("nan")], dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64))
    held = draw(reverse_of(0.3, chain), chain, RowRandom(0, 5000), (2,), None, hold=hold)
    assert torch.allclose(held[:, 0], torch.tensor(0.4, dtype=torch.float64)) and float(held[:, 1].var()) > 0.25
    with pytest.raises(BadInput, match="at least 2 steps"):
        Chain.of(1)
