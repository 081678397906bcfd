"""ConjNorm against energy and Mahalanobis, on networks that know eight kinds of clothes, over four sets outside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from _fixtures.networks import aurocs, clothes
from paired import paired

from ecotone.detect.posthoc import ConjNorm, Energy, Mahalanobis

ABOUT = {
    "headline": "A norm fitted to the data in a Bregman density improves FPR95 by up to 13.25 % (CIFAR-100) and "
    "28.19 % (ImageNet-1K) on the best before.",
    "tested": "Mean AUROC over four sets against Mahalanobis and energy, with the authors' p and t for CIFAR-10, on "
    "small convolutional networks that know eight kinds of clothes, two epochs of training.",
    "setting": "stand-in",
}


def run(seeds: int = 5) -> dict[str, Any]:
    """Mean AUROC by network."""
    methods = {
        "ours": ConjNorm(), "Energy": Energy(), "Mahalanobis": Mahalanobis(),
        "p and t chosen on the reference": ConjNorm(p=None, temperature=None),
        "p = 2": ConjNorm(p=2.0), "t = 0.5": ConjNorm(temperature=0.5),
    }  # fmt: skip
    found: dict[str, list[float]] = {name: [] for name in methods}
    for seed in range(seeds):
        data = clothes(seed)
        for name, detector in methods.items():
            found[name].append(float(np.mean(list(aurocs(detector.fit(data.reference), data).values()))))
    beside = "; ".join(f"{name} {np.mean(values):.3f}" for name, values in list(found.items())[1:])
    return paired(
        "Mean AUROC over several outside sets is above the better of Mahalanobis and Energy.",
        "mean AUROC over unseen kinds, digits, noise and rotated clothes",
        found["ours"],
        [max(pair) for pair in zip(found["Energy"], found["Mahalanobis"])],
        higher=True,
        notes=f"networks of two epochs; p = 2.2 and t = 0.05, the authors' for CIFAR-10; on average: {beside}",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
