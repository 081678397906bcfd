"""Filling in hidden parts of digits from a base around what is seen, and from pure noise."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import FlowMatching, Training
from ecotone.learn.networks import MLP
from ecotone.learn.processes import CoupledInterpolant
from ecotone.learn.samplers import Euler
from ecotone.learn.schedules import Uniform
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "Bases coupled to the data make better conditional models: super-resolution and filling in of images.",
    "tested": "Filling in 8 x 8 digits in four steps, which is not the paper's claim of fidelity; part of the gain "
    "is that seen pixels are kept by construction.",
    "setting": "stand-in",
}

FEW, MANY, COPIES, HIDDEN = 4, 32, 4, 0.3


def _observed(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tiles of 2 x 2 pixels, each hidden with probability .3, and the mask."""
    tiles = rng.uniform(size=(len(x), 4, 4)) >= HIDDEN
    mask = tiles.repeat(2, axis=1).repeat(2, axis=2).reshape(len(x), 64).astype(float)
    return np.concatenate([x * mask, mask], axis=1)


def _one(seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    x = load_digits().data + rng.uniform(0, 1, (1797, 64))  # levels spread out, so that no pixel is constant
    order = rng.permutation(len(x))
    train, test = np.repeat(x[order[:1300]], COPIES, axis=0), x[order[1300:]]
    given, asked = _observed(train, rng), _observed(test, rng)
    found = {}
    for name in ("coupled", "noise"):
        process: Any = CoupledInterpolant(spread=1.0, masked=True) if name == "coupled" else None
        settings = Training(steps=900, eval_every=450, device="cpu", seed=seed)
        options = {} if process is None else {"process": process}
        model = FlowMatching(MLP(width=192, depth=2), training=settings, **options).fit(train, given=given)
        for steps in (FEW, MANY):
            drawn = model.sample(len(test), given=asked, seed=1, sampler=Euler(), schedule=Uniform(steps))
            found[f"{name} {steps}"] = float(sliced_wasserstein(drawn, test, seed=0, projections=500))
            found[f"{name} {steps} kept"] = float(np.abs((drawn - test) * asked[:, 64:]).mean())
    return found


def run(seeds: int = 5) -> dict[str, Any]:
    """Sliced Wasserstein distance of filled-in digits to the true ones, in four steps of Euler's method."""
    torch.set_num_threads(1)
    rows = [_one(s) for s in range(seeds)]
    mean = {k: float(np.mean([row[k] for row in rows])) for k in rows[0]}
    return paired(
        "Filling in hidden parts of digits in few steps, a base drawn around the observation gives samples closer to "
        "the data than a base of pure noise under the same condition.",
        f"sliced Wasserstein distance of held-out digits, filled in in {FEW} steps, to the true ones",
        [row[f"coupled {FEW}"] for row in rows],
        [row[f"noise {FEW}"] for row in rows],
        notes="8 x 8 digits, tiles hidden with probability .3; one network each, told the observation and the mask. "
        f"In {MANY} steps {mean[f'coupled {MANY}']:.3f} beside {mean[f'noise {MANY}']:.3f}. Part of the gain is that "
        f"the coupled flow keeps what is seen: pixels that are seen are off by {mean[f'coupled {FEW} kept']:.3f} of 16 "
        f"levels beside {mean[f'noise {FEW} kept']:.3f} in {FEW} steps. The paper claims fidelity, not fewer steps.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
