"""Orders of convergence and likelihoods on exact denoisers."""

import numpy as np
import pytest
import torch

from ecotone.learn import GaussianMixture, RowRandom
from ecotone.learn.processes import EDMProcess
from ecotone.learn.samplers import Euler, Heun, ProbabilityFlow
from ecotone.learn.schedules import Karras, Uniform

EXACT = GaussianMixture.random(dim=2, components=3, seed=0)


def order(sampler, steps=(64, 128, 256)):
    """Slope of the log error against the log number of steps, on grids that end above 0."""
    process = EDMProcess(t_max=5.0)
    start, denoiser = 5.0 * RowRandom(0, 64).normal((2,)), EXACT.denoiser(process)

    def end(n, run):
        return run.run(denoiser, process, RowRandom(0, 64), Uniform(n, end=0.2), start=start).x

    truth = end(4096, Heun())
    errors = [float((end(n, sampler) - truth).abs().mean()) for n in steps]
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


@pytest.mark.oracle("Euler")
@pytest.mark.oracle("Heun")
@pytest.mark.oracle("Uniform")
@pytest.mark.parametrize("sampler, want", [(Euler(), 1), (Heun(), 2)])
def test_order_of_convergence(sampler, want):
    assert -order(sampler) == pytest.approx(want, abs=0.15)


@pytest.mark.oracle("Karras")
def test_karras_levels_are_the_papers():
    process = EDMProcess()
    i = np.arange(18)
    want = (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    assert np.allclose(Karras(18)(process).numpy(), [*want, 0.0])
    even = np.log(Karras(18, rho=np.inf)(process).numpy()[:-1])
    assert np.allclose(even, np.linspace(np.log(80), np.log(0.002), 18))
    assert np.allclose(even, np.log(Karras(18, rho=1e5)(process).numpy()[:-1]), atol=1e-3)


@pytest.mark.oracle("ProbabilityFlow")
def test_likelihood_and_samples_of_the_flow():
    process = EDMProcess(t_max=3000.0)
    denoiser, flow = EXACT.denoiser(process), ProbabilityFlow(rtol=1e-7, atol=1e-7)
    x = torch.as_tensor(EXACT.sample(20, seed=0))
    found = flow.log_prob(denoiser, process, x)
    assert torch.allclose(found, EXACT.log_prob(x), atol=5e-3)
    noisy = ProbabilityFlow(probes=30).log_prob(denoiser, process, x, seed=1)
    assert abs(float((noisy - found).mean())) < 0.25
    back = flow.sample(denoiser, process, 2000, seed=0)
    assert float(EXACT.log_prob(back).mean()) == pytest.approx(
        float(EXACT.log_prob(EXACT.sample(20_000, seed=1)).mean()), abs=0.12
    )


def test_churn_keeps_the_law():
    process = EDMProcess()
    x = Heun(churn=20.0).sample(EXACT.denoiser(process), process, 4000, Karras(40), seed=0)
    z = (x.mean(0) - EXACT.mean()) / torch.sqrt(torch.diagonal(EXACT.covariance()) / 4000)
    assert float(z.abs().max()) < 5 and torch.allclose(torch.cov(x.T), EXACT.covariance(), atol=0.6)
