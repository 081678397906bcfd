"""Contrastive flow matching against flow matching on overlapping classes, and what it costs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import FlowMatching, GaussianMixture, Training
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import ContrastiveFlowMatching
from ecotone.learn.samplers import Heun
from ecotone.learn.schedules import Uniform
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "Training against other rows' velocities is up to 9 times faster, needs up to 5 times fewer steps "
    "and lowers FID by up to 8.9 (ImageNet-1k, CC3M).",
    "tested": "The share of samples of the class asked for, on overlapping classes in the plane. It is a bias away "
    "from the mean: the distance to the class's distribution grows. Neither speed nor FID is tested.",
    "setting": "stand-in",
}

CLASSES, STEPS, WEIGHT = 4, 10, 0.05


def _law(seed: int) -> GaussianMixture:
    """Four classes of two components each, around the corners of a small square: they overlap."""
    rng = np.random.default_rng(seed)
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * 1.0
    means = np.concatenate([corners + rng.normal(0, 0.4, (CLASSES, 2)) for _ in range(2)])
    spreads = np.stack([np.diag(rng.uniform(0.3, 0.8, 2)) for _ in range(2 * CLASSES)])
    return GaussianMixture.of(np.ones(2 * CLASSES), means, spreads, classes=list(range(CLASSES)) * 2)


def _one(seed: int) -> dict[str, float]:
    exact = _law(seed)
    labels = np.arange(4000) % CLASSES
    x = exact.sample(4000, given=labels, seed=seed)
    truth = exact.sample(4000, given=labels, seed=seed + 1000)
    found = {}
    for name, weight in (("plain", 0.0), ("contrastive", WEIGHT)):
        objective = ContrastiveFlowMatching(weight)
        settings = Training(steps=700, eval_every=350, device="cpu", seed=seed)
        model = FlowMatching(MLP(width=64, depth=2), objective=objective, training=settings).fit(x, given=labels)
        drawn = {name: model.sample(4000, given=labels, seed=1, sampler=Heun(), schedule=Uniform(STEPS))}
        if weight:
            model.denoiser_ = _undone(model, objective)
            drawn["undone"] = model.sample(4000, given=labels, seed=1, sampler=Heun(), schedule=Uniform(STEPS))
        for key, rows in drawn.items():
            log = np.stack([exact.log_prob(rows, given=c) for c in range(CLASSES)])
            found[f"{key} accuracy"] = float((log.argmax(0) == labels).mean())
            found[f"{key} distance"] = float(
                np.mean([sliced_wasserstein(rows[labels == c], truth[labels == c], seed=0) for c in range(CLASSES)])
            )
    return found


def _undone(model: FlowMatching, objective: ContrastiveFlowMatching) -> Any:
    """The corrected denoiser, with the attributes that a model looks for."""
    inner = model.denoiser_
    undone = objective.undo(inner, inner.process)

    class Wrapped(torch.nn.Module):
        shape, process = inner.shape, inner.process

        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any, t: Any, given: Any = None) -> Any:
            return undone(x, t, given)

    return Wrapped()


def run(seeds: int = 5) -> dict[str, Any]:
    """Share of samples that the exact distribution gives to the class asked for, in 10 steps of Heun's method."""
    torch.set_num_threads(1)
    rows = [_one(s) for s in range(seeds)]
    mean = {k: float(np.mean([row[k] for row in rows])) for k in rows[0]}
    return paired(
        "On overlapping classes, samples of a network trained against other rows' velocities are more often of the "
        "class asked for, at equal steps and without guidance.",
        "share of samples that the exact distribution gives to the class asked for",
        [row["contrastive accuracy"] for row in rows],
        [row["plain accuracy"] for row in rows],
        higher=True,
        notes=f"Weight {WEIGHT}, {STEPS} steps of Heun's method. The gain is a bias away from the mean, not fidelity: "
        "the mean sliced Wasserstein distance to the distribution of each class is "
        f"{mean['contrastive distance']:.3f}, beside {mean['plain distance']:.3f} of flow matching and "
        f"{mean['undone distance']:.3f} with the bias taken back (accuracy {mean['undone accuracy']:.3f}).",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
