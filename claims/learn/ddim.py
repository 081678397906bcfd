"""DDIM against ancestral sampling of the same noise-predicting network, at few steps."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import GaussianMixture, ScoreSDE, Training
from ecotone.learn.networks import MLP
from ecotone.learn.processes import VP
from ecotone.learn.samplers import DDIM, Ancestral
from ecotone.learn.schedules import Uniform
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "Samples 10 to 50 times faster than DDPM at high quality, and interpolates in the latents.",
    "tested": "Exact noise predictors of mixtures in the plane at 10 to 50 steps. With a small learned predictor, "
    "reported beside, the order is the other way.",
    "setting": "stand-in",
}

STEPS = (10, 20, 50)


def _distance(drawn: Any, exact: GaussianMixture, seed: int) -> float:
    truth = exact.sample(4000, seed=seed + 1000)
    return float(np.mean([sliced_wasserstein(np.asarray(d), truth, seed=0) for d in drawn]))


def _one(seed: int) -> tuple[float, float]:
    exact, process = GaussianMixture.random(dim=2, components=5, seed=seed), VP()
    denoiser = exact.denoiser(process)

    def distance(sampler: Any) -> float:
        drawn = [sampler.sample(denoiser, process, 4000, Uniform(n), seed=1) for n in STEPS]
        return _distance(drawn, exact, seed)

    return distance(DDIM()), distance(Ancestral())


def trained(seed: int) -> tuple[float, float]:
    """The same with a small network that predicts the noise, trained briefly."""
    exact = GaussianMixture.random(dim=2, components=5, seed=seed)
    settings = Training(steps=800, eval_every=400, device="cpu", seed=seed)
    model = ScoreSDE(MLP(width=64, depth=2), training=settings).fit(exact.sample(4000, seed=seed))

    def distance(sampler: Any) -> float:
        drawn = [model.sample(4000, seed=1, sampler=sampler, schedule=Uniform(n)) for n in STEPS]
        return _distance(drawn, exact, seed)

    return distance(DDIM()), distance(Ancestral())


def run(seeds: int = 10) -> dict[str, Any]:
    """Sliced Wasserstein distance to fresh rows of the exact distribution, mean over 10, 20 and 50 steps."""
    torch.set_num_threads(1)
    ours, baseline = np.array([_one(s) for s in range(seeds)]).T
    learned = np.array([trained(s) for s in range(2)]).round(3)
    return paired(
        "At 10, 20 and 50 steps of the exact noise predictor DDIM is closer to the data than ancestral sampling.",
        "sliced Wasserstein distance to the exact distribution, mean over 10, 20 and 50 steps",
        ours,
        baseline,
        notes="Variance-preserving process, evenly spaced times; both start from the same noise. Baseline: DDPM's "
        "ancestral sampling with the posterior's variance (eta = 1). With a small network trained for 800 steps in the "
        f"place of the exact predictor the order is the other way: DDIM {learned[:, 0].tolist()}, ancestral "
        f"{learned[:, 1].tolist()} for two seeds, since fresh noise also corrects a network's errors.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
