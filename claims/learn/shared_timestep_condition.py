"""Noise networks that share the time near the data against ones told every time, at few DDIM steps."""

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

from ecotone.learn import GaussianMixture, RowRandom, Training
from ecotone.learn.denoisers import NetworkDenoiser, shared_timestep_condition
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import Denoising
from ecotone.learn.processes import VP
from ecotone.learn.samplers import Sampler
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import train
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "Sharing the time condition near the data removes a Lipschitz singularity, improves FFHQ 256 x 256 "
    "and cuts the FID of DDIM and DPM-Solver by over 33 %.",
    "tested": "Not shown. The singularity is of data near a thin manifold under a network that is told the bare "
    "time; mixtures in the plane have full dimension, and networks told the logarithm of the noise ratio vary "
    "less with time as they are than with shared times. Images at that size do not fit two cores.",
    "setting": "stand-in",
}

STEPS = 10


@dataclass(frozen=True)
class DDIM(Sampler):
    """The reverse kernel without noise."""

    def step(self, denoise: Any, process: Any, x: Any, t: Any, s: Any, rng: Any, memory: Any) -> Any:
        return process.step(denoise(x, t), x, t, s, rng, eta=0.0)


def _steepest(denoiser: Any, x0: torch.Tensor) -> float:
    """Largest change of the predicted noise per unit of time below 0.1, at fixed rows, edges included."""
    times = np.arange(1, 101) / 1000
    with torch.no_grad():
        x = denoiser.process.perturb(x0, 0.05, RowRandom(1, len(x0)))
        noise = torch.stack([denoiser.process.noise(denoiser(x, t), x, t) for t in times])
    return float(noise.diff(dim=0).norm(dim=2).mean(1).max() / 0.001)


def _one(seed: int) -> tuple[float, float, float, float]:
    distribution, process = GaussianMixture.random(dim=2, components=5, seed=seed, spread=1.0), VP()
    x, truth = torch.as_tensor(distribution.sample(4000, seed=seed)), distribution.sample(4000, seed=seed + 100)
    found = []
    for shared in (True, False):
        torch.manual_seed(seed)
        denoiser = NetworkDenoiser(MLP(width=64, depth=2).build((2,)), process, (2,), predicts="noise")
        denoiser = shared_timestep_condition(denoiser) if shared else denoiser
        settings = Training(
            steps=1000, eval_every=1000, batch_size=256, validation_fraction=0.0, ema=0.99, device="cpu", seed=seed
        )
        train(denoiser, Denoising("noise"), x, training=settings)
        with torch.no_grad():
            drawn = DDIM().sample(denoiser, process, 4000, Uniform(STEPS), seed=1)
        found += [float(sliced_wasserstein(drawn.numpy(), truth, seed=0)), _steepest(denoiser, x[:500])]
    return found[0], found[2], found[1], found[3]


def run(seeds: int = 5) -> dict[str, Any]:
    """Sliced Wasserstein distance at 10 DDIM steps, and how fast the noise changes with time near the data."""
    torch.set_num_threads(1)
    ours, baseline, steep, plain = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "At few DDIM steps a noise network trained with shared times near the data is nearer to the data than one told "
        "every time.",
        f"sliced Wasserstein distance to the exact distribution at {STEPS} DDIM steps",
        ours,
        baseline,
        notes="Mixtures of five normal distributions in the plane, cutoff 0.1 and 5 intervals. Largest change of the "
        "predicted noise per unit of time below 0.1 on a grid of 1/1000, at fixed rows and with the jumps at the "
        f"edges: {steep.mean():.0f} shared, {plain.mean():.0f} plain. Both networks are told the logarithm of the "
        "noise-to-signal ratio, which spreads small times out, where the paper's are told t.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
