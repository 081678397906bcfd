"""ViM against the energy, on networks that know eight kinds of clothes, over four sets outside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from _fixtures.networks import aurocs, clothes
from paired import paired

from ecotone.detect.posthoc import Energy, ViM


def run(seeds: int = 3) -> dict[str, Any]:
    """Mean AUROC by network."""
    ours, baseline = [], []
    for seed in range(seeds):
        data = clothes(seed)
        found = [aurocs(detector.fit(data.reference), data) for detector in (ViM(), Energy())]
        ours.append(float(np.mean(list(found[0].values()))))
        baseline.append(float(np.mean(list(found[1].values()))))
    return paired(
        "Mean AUROC over several outside sets is above the energy's.",
        "mean AUROC over unseen kinds, digits, noise and rotated clothes",
        ours,
        baseline,
        higher=True,
        notes="networks of two epochs; dim 64 of 128",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
