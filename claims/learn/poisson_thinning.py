"""Counts with many zeros and long tails: thinning against a Gaussian diffusion of log(1 + x), rounded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import EDM, JUMP, Training
from ecotone.learn.networks import MLP
from ecotone.measure.distances import wasserstein_1d

ABOUT = {
    "headline": "Thinning and thickening counts suits sparse, skewed, over-dispersed data better than Gaussian "
    "diffusion does.",
    "tested": "Simulated counts in four columns against a diffusion of log(1 + x), with 100 evaluations against 35. "
    "The share of zeros, reported beside, is further off than the baseline's.",
    "setting": "stand-in",
}

DIM = 4


def _counts(n: int, seed: int) -> np.ndarray:
    """Negative binomial counts with rates in common, and half of the entries of each column 0 for another reason."""
    rng = np.random.default_rng(seed)
    common = rng.gamma(1.0, 1.0, (n, 1))
    rates = common * rng.gamma(2.0, 0.5, (n, DIM)) * np.array([2.0, 5.0, 10.0, 20.0])
    return np.asarray(rng.poisson(rates) * (rng.uniform(size=(n, DIM)) < 0.5), dtype=float)


def _one(seed: int) -> dict[str, float]:
    x, truth = _counts(4000, seed), _counts(20_000, seed + 1000)
    settings = Training(steps=1000, eval_every=500, device="cpu", seed=seed)
    jump = JUMP(MLP(width=64, depth=2), training=settings).fit(x).sample(4000, seed=1)
    gauss = EDM(MLP(width=64, depth=2), training=settings).fit(np.log1p(x)).sample(4000, seed=1)
    gauss = np.maximum(np.round(np.expm1(gauss)), 0)
    found = {}
    for name, drawn in (("jump", jump), ("gauss", gauss), ("fresh", _counts(4000, seed + 2000))):
        scale = truth.mean(0)
        found[name] = float(
            np.mean([float(wasserstein_1d(drawn[:, [j]], truth[:, [j]])) / scale[j] for j in range(DIM)])
        )
        high = np.quantile(truth, 0.99, axis=0)
        found[f"{name} tail"] = float(np.abs((drawn > high).mean(0) - (truth > high).mean(0)).mean() * 100)
        found[f"{name} zeros"] = float(np.abs((drawn == 0).mean(0) - (truth == 0).mean(0)).mean())
    return found


def run(seeds: int = 5) -> dict[str, Any]:
    """Mean 1-Wasserstein distance of the columns to those of fresh rows, in units of their means."""
    torch.set_num_threads(1)
    rows = [_one(s) for s in range(seeds)]
    mean = {k: float(np.mean([row[k] for row in rows])) for k in rows[0]}
    return paired(
        "On over-dispersed counts with many zeros, samples are closer to the data than those of a Gaussian diffusion "
        "of log(1 + x), rounded.",
        "mean 1-Wasserstein distance of the columns to fresh rows, in units of their means",
        [row["jump"] for row in rows],
        [row["gauss"] for row in rows],
        notes="Negative binomial counts in four columns with a rate in common, half of the entries 0 besides. "
        f"Networks and training alike; 100 evaluations of JUMP, 35 of EDM. Fresh rows: {mean['fresh']:.3f}. Error of "
        f"the share above the 99 % point, in hundredths: {mean['jump tail']:.2f} beside {mean['gauss tail']:.2f} "
        f"(fresh rows {mean['fresh tail']:.2f}); error of the share of zeros {mean['jump zeros']:.3f} beside "
        f"{mean['gauss zeros']:.3f} (fresh rows {mean['fresh zeros']:.3f}).",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
