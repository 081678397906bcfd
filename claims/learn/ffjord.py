"""FFJORD on a checkerboard against RealNVP of as many numbers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import FFJORD, RealNVP, Training

ABOUT = {
    "headline": "The best of exact-likelihood models with efficient sampling, by an unbiased estimate of the "
    "log-density, on tables, images and variational inference.",
    "tested": "A checkerboard against RealNVP with as many numbers, after 150 steps where the paper takes 10,000: "
    "far from trained.",
    "setting": "stand-in",
}


def _board(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, n)
    y = rng.uniform(0, 1, n) + rng.integers(0, 2, n) * 2 - 2 + np.floor(x) % 2
    return np.column_stack([x, y]) * 2


def _size(model: Any) -> int:
    return sum(p.numel() for p in model.density_.parameters())


def _one(seed: int) -> tuple[float, float, int, int]:
    x, test = _board(20_000, seed), _board(2000, 1000 + seed)
    common = {
        "batch_size": 256,
        "validation_fraction": 0.02,
        "device": "cpu",
        "seed": seed,
        "ema": 0.98,
        "learning_rate": 5e-3,
    }
    ours = FFJORD((48, 48), rtol=1e-3, atol=1e-3, training=Training(steps=150, eval_every=150, **common)).fit(x)
    baseline = RealNVP(6, hidden=(120,), training=Training(steps=1500, eval_every=500, **common)).fit(x)
    return (
        float(ours.log_prob(test).mean()),
        float(baseline.log_prob(test).mean()),
        _size(ours),
        _size(baseline),
    )


def run(seeds: int = 5) -> dict[str, Any]:
    """Held-out nats a row of a checkerboard."""
    torch.set_num_threads(1)
    ours, baseline, size, other = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "On a checkerboard FFJORD is more likely than RealNVP with as many numbers.",
        "held-out log-likelihood, nats a row",
        ours,
        baseline,
        higher=True,
        notes=f"{size[0]:.0f} numbers against {other[0]:.0f}; 150 steps of FFJORD against 1500 of RealNVP, which take "
        "less time; exact trace on the held-out rows; the distribution's own entropy gives -3.466. FFJORD is far from "
        "trained "
        "after the steps that fit into a claim (the paper takes 10,000).",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
