"""Pressure fields in a porous layer, learned with and without the residual of the flow equation."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import Training
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import ResidualConstrained
from ecotone.learn.processes import VP
from ecotone.learn.samplers import Sampler
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import train
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "The residual in the loss lowers violations of the equations by up to two orders of magnitude in a "
    "flow study, and beats special methods in topology optimisation.",
    "tested": "A flow in one dimension with 8 cells, against the same model without the residual: the residual "
    "falls by some 30 %, not by orders of magnitude.",
    "setting": "stand-in",
}

CELLS = 8


@dataclass(frozen=True)
class DDPM(Sampler):
    """The reverse kernel."""

    def step(self, denoise: Any, process: Any, x: Any, t: Any, s: Any, rng: Any, memory: Any) -> Any:
        return process.step(denoise(x, t), x, t, s, rng)


def _fields(n: int, seed: int) -> torch.Tensor:
    """(n, 15): the log of the permeability in 8 cells, and the pressure between them, of (K p')' + 1 = 0."""
    rng = np.random.default_rng(seed)
    place = (np.arange(CELLS) + 0.5) / CELLS
    waves = np.stack([np.cos(np.pi * place), np.sin(2 * np.pi * place), np.cos(3 * np.pi * place)])
    log_k = rng.normal(size=(n, 3)) * [0.6, 0.4, 0.2] @ waves
    k = np.exp(log_k) * CELLS**2
    system = np.zeros((n, CELLS - 1, CELLS - 1))
    i = np.arange(CELLS - 1)
    system[:, i, i] = k[:, :-1] + k[:, 1:]
    system[:, i[1:], i[:-1]] = system[:, i[:-1], i[1:]] = -k[:, 1:-1]
    return torch.as_tensor(np.hstack([log_k, np.linalg.solve(system, np.ones((n, CELLS - 1, 1)))[..., 0]]))


def _residual(x: torch.Tensor) -> torch.Tensor:
    """(n, 7) of (K p')' + 1 at the inner nodes, the pressure being 0 at both ends."""
    k = torch.exp(x[:, :CELLS])
    p = torch.nn.functional.pad(x[:, CELLS:], (1, 1))
    return (k * p.diff(dim=1)).diff(dim=1) * CELLS**2 + 1


def _one(seed: int) -> list[float]:
    x, truth = _fields(2000, seed), _fields(2000, seed + 100)
    assert float(_residual(x).abs().max()) < 1e-9
    centre, scale = x.mean(0), x.std(0)
    found = []
    for weight in (1e-3, 0.0):
        loss = ResidualConstrained(lambda z: _residual(z * scale.to(z) + centre.to(z)), weight=weight)
        torch.manual_seed(seed)
        denoiser = NetworkDenoiser(MLP(width=96, depth=3).build((15,)), VP(), (15,), data_std=1.0)
        settings = Training(
            steps=1500, eval_every=1500, batch_size=128, validation_fraction=0.0, ema=0.99, device="cpu", seed=seed
        )
        train(denoiser, loss, (x - centre) / scale, training=settings)
        with torch.no_grad():
            drawn = DDPM().sample(denoiser, VP(), 1000, Uniform(100), seed=1)
        found += [
            float(_residual(drawn * scale + centre).abs().mean()),
            float(sliced_wasserstein(drawn.numpy(), ((truth - centre) / scale).numpy(), seed=0)),
        ]
    return found


def run(seeds: int = 5) -> dict[str, Any]:
    """Mean absolute residual of samples, whose source term is 1."""
    torch.set_num_threads(1)
    ours, near, baseline, plain = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "Samples of a model trained with the residual of a flow equation violate it less than those of one trained "
        "without.",
        "mean absolute residual of (K p')' + 1 = 0 in samples",
        ours,
        baseline,
        notes="Permeability and pressure in one dimension, 8 cells, the residual at the denoised row with the paper's "
        f"weight 1e-3; DDPM sampling, 100 steps. Ratio of the residuals {float((ours / baseline).mean()):.3f}. Sliced "
        f"Wasserstein distance of the standardised fields {near.mean():.4f} with the residual, {plain.mean():.4f} "
        "without. The paper's two orders of magnitude are for two dimensions and against other methods.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
