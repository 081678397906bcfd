"""EDM's sampler and levels against a DDPM-style choice on the same trained network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import EDM, GaussianMixture, Training
from ecotone.learn.networks import MLP
from ecotone.learn.samplers import Euler, Heun
from ecotone.learn.schedules import Karras, Uniform
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "A cleared design space: FID 1.79 and 1.97 on CIFAR-10 in 35 evaluations, and better samples from "
    "earlier models' networks.",
    "tested": "The sampler alone, on networks of mixtures in the plane, against Euler's method at even levels, a "
    "weak baseline; preconditioning and images are not tested.",
    "setting": "stand-in",
}

EVALUATIONS = 19


def _one(seed: int) -> tuple[float, float]:
    exact = GaussianMixture.random(dim=2, components=5, seed=seed)
    x = exact.sample(4000, seed=seed)
    model = EDM(MLP(width=64, depth=2), training=Training(steps=800, eval_every=400, device="cpu", seed=seed)).fit(x)
    truth = exact.sample(4000, seed=seed + 1000)

    def distance(sampler: Any, schedule: Any) -> float:
        return float(sliced_wasserstein(model.sample(4000, seed=1, sampler=sampler, schedule=schedule), truth, seed=0))

    return distance(Heun(), Karras((EVALUATIONS + 1) // 2)), distance(Euler(), Uniform(EVALUATIONS))


def run(seeds: int = 10) -> dict[str, Any]:
    """Sliced Wasserstein distance to fresh rows of the exact distribution, at 19 evaluations of one network."""
    torch.set_num_threads(1)
    ours, baseline = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "At equal evaluations Heun on EDM's noise levels is closer to the data than Euler on evenly spaced ones.",
        f"sliced Wasserstein distance to the exact distribution at {EVALUATIONS} evaluations",
        ours,
        baseline,
        notes="One network for each seed, trained with EDM's preconditioning; both samplers run the same network "
        "from the same noise. Baseline: Euler's method at noise levels evenly spaced from 80 to 0.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
