"""A small network for the first 40 % of the steps against the same network for the last 40 %."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import GaussianMixture, Training
from ecotone.learn.denoisers import NetworkDenoiser, stitch_denoisers
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import Denoising
from ecotone.learn.processes import VP
from ecotone.learn.samplers import Heun, Sampler
from ecotone.learn.schedules import Karras, Uniform
from ecotone.learn.training import train
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "A model ten times faster takes the first 40 % of DiT-XL's steps on ImageNet without a loss.",
    "tested": "Perceptrons of two widths on mixtures in the plane: stitching early against stitching late, not "
    "against time on images.",
    "setting": "stand-in",
    "pilot": "DDIM steps after a first run at noise levels up to 40 had not held.",
}

NETWORKS = {"small": MLP(width=12, depth=1), "large": MLP(width=128, depth=2)}
N = 4000


@dataclass(frozen=True)
class DDIM(Sampler):
    """The reverse kernel without noise."""

    def step(self, denoise: Any, process: Any, x: Any, t: Any, s: Any, rng: Any, memory: Any) -> Any:
        return process.step(denoise(x, t), x, t, s, rng, eta=0.0)


def _networks(distribution: GaussianMixture, seed: int) -> tuple[dict[str, NetworkDenoiser], Any]:
    """Both networks trained alike on standardised rows, and the function that standardises."""
    x = torch.as_tensor(distribution.sample(4000, seed=seed))
    centre, scale = x.mean(0), x.std(0)
    made = {}
    for name, network in NETWORKS.items():
        torch.manual_seed(seed)
        denoiser = NetworkDenoiser(network.build((2,)), VP(), (2,), data_std=1.0)
        settings = Training(steps=1000, eval_every=1000, validation_fraction=0.0, ema=0.99, device="cpu", seed=seed)
        train(denoiser, Denoising(mean=-0.5, data_std=1.0), (x - centre) / scale, training=settings)
        made[name] = denoiser
    return made, lambda rows: (torch.as_tensor(rows) - centre) / scale


def _one(seed: int) -> list[float]:
    distribution = GaussianMixture.random(dim=2, components=6, seed=seed)
    made, standard = _networks(distribution, seed)
    truth, (small, large) = standard(distribution.sample(N, seed=seed + 100)).numpy(), (made["small"], made["large"])
    found, spent = [], []
    for sampler, schedule in ((DDIM(), Uniform(50)), (Heun(), Karras(20))):
        early = stitch_denoisers([small, large], [0.4], schedule=schedule)
        for way in (early, stitch_denoisers([large, small], [0.6], schedule=schedule), large, small):
            with torch.no_grad():
                start = time.process_time()
                drawn = sampler.sample(way, VP(), N, schedule, seed=1).numpy()
                spent.append(time.process_time() - start)
            found.append(float(sliced_wasserstein(drawn, truth, seed=0)))
    return [*found, spent[0] / spent[2]]


def run(seeds: int = 5) -> dict[str, Any]:
    """Sliced Wasserstein distance to the exact distribution in 50 DDIM steps at even times, as in the paper."""
    torch.set_num_threads(1)
    early, late, large, small, *karras, cost = np.array([_one(s) for s in range(seeds)]).T
    other = [f"{part.mean():.4f}" for part in karras]
    return paired(
        "A small network for the first 40 % of the steps costs less distance than the same network for the last 40 %.",
        "sliced Wasserstein distance to the exact distribution at 50 DDIM steps, standardised columns",
        early,
        late,
        notes=f"The large network alone has {large.mean():.4f}, the small one {small.mean():.4f}. The early stitch "
        f"less the large one: {(early - large).mean():+.4f}, standard error "
        f"{(early - large).std(ddof=1) / seeds**0.5:.4f}, at {cost.mean():.2f} of its processor time. With 20 Heun "
        "steps at Karras levels, whose first 40 % reach down to noise of about the size of the data: early "
        f"{other[0]}, late {other[1]}, large {other[2]}, small {other[3]}; a first run of this claim at those levels, "
        "with noise up to 40, did not hold. Perceptrons of width 12 and 128 on mixtures of six normal distributions.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
