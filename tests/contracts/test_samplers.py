"""What every sampler and schedule owes: rows that do not depend on their batch, hooks, the law that it aims at."""

import importlib

import numpy as np
import pytest
import torch

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.learn import GaussianMixture, Population, RowRandom
from ecotone.learn.processes import VP, EDMProcess
from ecotone.learn.schedules import Karras

SAMPLERS = [card for card in discover().values() if card.contract == "Sampler"]
SCHEDULES = [card for card in discover().values() if card.contract == "Schedule"]
EXACT = GaussianMixture.of([0.3, 0.7], [[-1.0, 0.5], [1.0, 0.0]], [0.05 * np.eye(2), [[0.3, 0.2], [0.2, 0.3]]])

NOISY = ("Ancestral", "PredictorCorrector", "ReverseKernel")  # samplers whose variance is short by O(1/steps)


def _made(card):
    return getattr(importlib.import_module(card.module), card.name)()


def _schedule(card, process):
    found = getattr(importlib.import_module(card.module), card.name)
    return found(EXACT.denoiser(process), process, 6) if card.name == "trajectory_time_schedule" else found()


@pytest.mark.parametrize("card", SAMPLERS, ids=lambda card: card.name)
def test_rows_do_not_depend_on_their_batch(card):
    sampler, process = _made(card), EDMProcess()
    denoiser = EXACT.denoiser(process)
    whole = sampler.sample(denoiser, process, 7, Karras(8), seed=4)
    assert whole.shape == (7, 2) and whole.dtype == torch.float64 and torch.isfinite(whole).all()
    part = sampler.sample(denoiser, process, RowRandom(4, torch.tensor([5, 2])), Karras(8))
    assert torch.allclose(whole[[5, 2]], part, atol=1e-10)
    assert not torch.equal(whole, sampler.sample(denoiser, process, 7, Karras(8), seed=5))


@pytest.mark.parametrize("process", [EDMProcess(), VP()], ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("card", SAMPLERS, ids=lambda card: card.name)
def test_samples_follow_the_law(card, process):
    sampler = _made(card)
    steps = 300 if card.name in NOISY else 60
    x = sampler.sample(EXACT.denoiser(process), process, 4000, Karras(steps), seed=0)
    z = (x.mean(0) - EXACT.mean()) / torch.sqrt(torch.diagonal(EXACT.covariance()) / 4000)
    assert float(z.abs().max()) < 5
    assert torch.allclose(torch.cov(x.T), EXACT.covariance(), atol=0.08)
    assert float((x[:, 0] < 0).double().mean()) == pytest.approx(
        float((EXACT.sample(100_000, seed=1)[:, 0] < 0).mean()), abs=0.04
    )


@pytest.mark.parametrize("card", SAMPLERS, ids=lambda card: card.name)
def test_hooks_see_and_replace(card):
    sampler, process, seen = _made(card), EDMProcess(), []

    def hook(population):
        seen.append((population.step, population.t))
        if population.step == population.steps:
            return Population(
                0 * population.x, population.log_weight - 1, population.t, population.step, population.steps
            )
        return None

    found = sampler.run(EXACT.denoiser(process), process, 3, Karras(5), hooks=[hook], seed=0)
    assert [step for step, _ in seen] == [1, 2, 3, 4, 5] and seen[-1][1] == 0.0
    assert not found.x.any() and found.log_weight.tolist() == [-1.0] * 3


@pytest.mark.parametrize("card", SCHEDULES, ids=lambda card: card.name)
def test_schedules_fall_from_the_prior(card):
    for process in (EDMProcess(), VP()):
        times = _schedule(card, process)(process)
        assert times.dtype == torch.float64 and times.ndim == 1
        assert float(times[0]) == pytest.approx(process.t_max) and bool((times.diff() < 0).all()) and times[-1] >= 0


def test_a_schedule_that_rises_is_refused():
    process = EDMProcess()
    with pytest.raises(BadInput, match="falling"):
        _made(SAMPLERS[0]).sample(EXACT.denoiser(process), process, 2, lambda p: torch.tensor([0.0, 1.0]))


LIKELIHOODS = [card for card in discover().values() if card.contract == "Likelihood"]


@pytest.mark.parametrize("card", LIKELIHOODS, ids=lambda card: card.name)
def test_likelihoods_of_an_exact_denoiser(card):
    found, process = _made(card), EDMProcess(t_max=500.0)
    x = torch.as_tensor(EXACT.sample(6, seed=0)).requires_grad_()
    log = found.log_prob(EXACT.denoiser(process), process, x)
    assert log.shape == (6,) and torch.allclose(log, EXACT.log_prob(x), atol=0.02)
    (slope,) = torch.autograd.grad(log.sum(), x)
    (want,) = torch.autograd.grad(EXACT.log_prob(x).sum(), x)
    assert torch.allclose(slope, want, atol=0.1)
