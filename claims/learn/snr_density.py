"""A distribution of times placed by the data's scale against the same distribution placed for unit data."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import GaussianMixture, RowRandom, Training
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.processes import StochasticInterpolant
from ecotone.learn.samplers import Heun
from ecotone.learn.schedules import Uniform, snr_density
from ecotone.learn.training import train
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "A density of signal-to-noise ratios placed for the data, and supervised directions, reach FID 2.30 "
    "on ImageNet 256 x 256, 7 times faster than DiT.",
    "tested": "Not shown. The effect is on how fast large transformers learn latents of images; a perceptron learns "
    "mixtures in the plane within 800 steps wherever the times are placed. A network that learns slowly enough "
    "does not fit two cores.",
    "setting": "stand-in",
}

STD = 5.5  # of latents that nobody rescaled


def _one(seed: int) -> tuple[float, float]:
    exact, process = GaussianMixture.random(dim=2, components=5, seed=seed), StochasticInterpolant()
    scale = STD / float(torch.sqrt(torch.diagonal(exact.covariance()).mean()))
    x = scale * torch.as_tensor(exact.sample(4000, seed=seed))
    x = x - x.mean(0)
    truth = scale * torch.as_tensor(exact.sample(4000, seed=seed + 1000))

    def distance(distribution: snr_density) -> float:
        torch.manual_seed(seed)
        denoiser = NetworkDenoiser(MLP(width=64, depth=2).build((2,)), process, (2,), data_std=STD)
        train(
            denoiser,
            distribution.loss,
            x,
            training=Training(steps=800, eval_every=400, device="cpu", seed=seed, validation_fraction=0.0),
        )
        with torch.no_grad():
            drawn = Heun().sample(denoiser, process, RowRandom(1, 4000), Uniform(40))
        return float(sliced_wasserstein(drawn.numpy(), (truth - truth.mean(0)).numpy(), seed=0)) / STD

    plain = snr_density()
    return distance(plain.placed(STD)), distance(plain)


def run(seeds: int = 5) -> dict[str, Any]:
    """Sliced Wasserstein distance to fresh rows, in standard deviations of the data."""
    torch.set_num_threads(1)
    ours, baseline = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "At equal steps of training, a distribution of times placed by the data's scale gives rows closer to the data "
        "than the same distribution placed for unit data.",
        "sliced Wasserstein distance to the exact distribution, in standard deviations of the data",
        ours,
        baseline,
        notes=f"Flow matching with the velocity's direction, data of standard deviation {STD}, a network that is shown "
        "rows on one scale in both cases. Ours: logit-normal times moved so that the log signal-to-noise ratio has "
        "mean 0. Baseline: logit-normal times with mean 0 and scale 1.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
