"""Training on the guided combination against condition dropout, by samples of each class at few steps."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import Batch, GaussianMixture, Prediction, Training
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import Denoising, GuidedDenoising
from ecotone.learn.processes import EDMProcess
from ecotone.learn.samplers import Euler
from ecotone.learn.schedules import Karras
from ecotone.learn.training import train
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "A loss that matches guided sampling gives better FID on CIFAR-10 in fewer steps, and is robust to "
    "the guidance weight.",
    "tested": "Three classes of mixtures in the plane at 8 steps, a mean over guidance weights; the loss is "
    "reconstructed from the abstract.",
    "setting": "stand-in",
    "weight": "a mean over weights against the unguided distribution rewards a loss that undoes guidance; at its "
    "best weight dropout is as near, and over the weights its samples are of their class more often.",
}

GUIDANCE, STEPS, N = (0.0, 0.5, 1.0, 2.0, 4.0), 8, 1500


class Guided:
    """(1 + w) times the conditional prediction less w times the unconditional one."""

    def __init__(self, denoiser: NetworkDenoiser, w: float) -> None:
        self.denoiser, self.w, self.shape = denoiser, w, denoiser.shape

    def __call__(self, x: Any, t: Any, given: Any = None) -> Prediction:
        told, free = self.denoiser(x, t, given).x0, self.denoiser(x, t, None).x0
        return Prediction((1 + self.w) * told - self.w * free)


def _dropout(base: Denoising) -> Any:
    def loss(denoiser: Any, batch: Batch) -> Any:
        assert batch.given is not None
        given = torch.where(batch.rng.uniform() < 0.1, -1, batch.given)
        return base(denoiser, replace(batch, given=given))

    return loss


def _one(seed: int) -> list[Any]:
    distribution = GaussianMixture.random(dim=2, components=6, seed=seed, spread=1.5)
    distribution = GaussianMixture.of(
        distribution.weights_, distribution.means_, distribution.covariances_, classes=[0, 0, 1, 1, 2, 2]
    )
    scale = float(torch.sqrt(torch.diagonal(distribution.covariance()).mean()))
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 4000)
    x = np.empty((4000, 2))
    for c in range(3):
        x[y == c] = distribution.sample(int((y == c).sum()), given=c, seed=seed)
    base = Denoising(mean=float(np.log(scale)) - 0.5, data_std=scale)
    found = []
    for loss in (GuidedDenoising(base=base), _dropout(base)):
        torch.manual_seed(seed)
        denoiser = NetworkDenoiser(
            MLP(width=64, depth=2).build((2,), 3), EDMProcess(), (2,), data_std=scale, condition=distribution.condition_
        )
        settings = Training(steps=1000, eval_every=1000, validation_fraction=0.0, ema=0.99, device="cpu", seed=seed)
        train(denoiser, loss, torch.as_tensor(x), given=torch.as_tensor(y), training=settings)
        found.append([_judged(denoiser, distribution, w) for w in GUIDANCE])
    return found


def _judged(denoiser: NetworkDenoiser, distribution: GaussianMixture, w: float) -> tuple[float, float]:
    """Mean distance to the classes' distributions, and share of samples that the exact one gives to their class."""
    distance, right = [], []
    for c in range(3):
        given = torch.full((N,), c)
        with torch.no_grad():
            drawn = Euler().sample(Guided(denoiser, w), denoiser.process, N, Karras(STEPS), given=given, seed=1).numpy()
        distance.append(float(sliced_wasserstein(drawn, distribution.sample(N, given=c, seed=7), seed=0)))
        log = np.stack([distribution.log_prob(drawn, given=k) for k in range(3)])
        right.append(float((log.argmax(0) == c).mean()))
    return float(np.mean(distance)), float(np.mean(right))


def run(seeds: int = 5) -> dict[str, Any]:
    """Sliced Wasserstein distance to the distributions of three classes, averaged over guidance of 0 to 4."""
    torch.set_num_threads(1)
    found = np.array([_one(s) for s in range(seeds)])  # seeds, losses, guidance, (distance, accuracy)
    ours, baseline = found[:, :, :, 0].mean(2).T
    by = [", ".join(f"{v:.3f}" for v in found[:, i, :, 0].mean(0)) for i in (0, 1)]
    right = found[:, :, :, 1].mean((0, 2))
    return paired(
        "At few steps, averaged over a range of guidance, class-conditional samples are nearer to the class's unguided "
        "distribution than with condition dropout.",
        f"sliced Wasserstein distance to the class's distribution at {STEPS} steps, mean over guidance {GUIDANCE}",
        ours,
        baseline,
        notes=f"Mixtures in the plane with three classes. By guidance: {by[0]} with this loss, {by[1]} with dropout of "
        f"0.1. Share of samples that the exact distribution gives to their class: {right[0]:.3f} and {right[1]:.3f}: "
        "the loss cancels guidance rather than improving it, as its closed form says. Reconstructed from the paper's "
        "abstract. This carries little weight: a mean over guidance, against a distribution without any, rewards a "
        "loss that undoes guidance. Each at its own best weight dropout is as near, and over the weights its samples "
        "are of their class more often.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
