"""Diffusion models against laws whose denoiser is known."""

import numpy as np
import pytest
import torch

from ecotone.learn import EDM, GaussianMixture, Training, samplers, schedules
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.processes import EDMProcess


@pytest.mark.oracle("EDM")
def test_preconditioning_is_exact_for_normal_data():
    # On N(0, s^2 I) the best denoiser is c_skip x, so a network that answers 0 (as ours start) is already right
    exact, process = GaussianMixture.of([1.0], [[0.0, 0.0]], [0.25 * np.eye(2)]), EDMProcess()
    denoiser = NetworkDenoiser(MLP(width=8, depth=1).build((2,)), process, (2,), data_std=0.5)
    x, t = torch.randn(20, 2, dtype=torch.float64), torch.logspace(-2, 1.5, 20, dtype=torch.float64)
    assert torch.allclose(denoiser(x, t).x0, exact.denoiser(process)(x, t).x0, atol=1e-12)


def test_edm_learns_a_conditional_law():
    exact = GaussianMixture.of(
        [0.5, 0.5], [[-3.0, 10.0], [3.0, 10.0]], [np.eye(2), 0.25 * np.eye(2)], classes=["a", "b"]
    )
    x, y = (
        np.concatenate([exact.sample(1500, given=c, seed=i) for i, c in enumerate("ab")]),
        np.repeat(["a", "b"], 1500),
    )
    settings = Training(steps=700, eval_every=350, learning_rate=3e-3, device="cpu", ema=0.99)
    model = EDM(MLP(width=48, depth=2), training=settings).fit(x, given=y)
    drawn = model.sample(1000, given="b", seed=0, sampler=samplers.Heun(), schedule=schedules.Karras(12))
    assert np.allclose(drawn.mean(0), [3, 10], atol=0.3) and np.allclose(drawn.std(0), 0.5, atol=0.2)
    fresh = exact.sample(200, given="b", seed=9)
    assert model.log_prob(fresh, given="b").mean() == pytest.approx(exact.log_prob(fresh, given="b").mean(), abs=0.2)
