"""BLOOD on networks that know eight kinds of clothes: are maps between layers sharper on what is far outside?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from _fixtures.networks import Clothes, aurocs, clothes
from paired import paired

from ecotone.contracts import Activations
from ecotone.detect.posthoc import BLOOD, Energy

ABOUT = {
    "headline": "Maps between a transformer's layers are less smooth for rows outside, the more so on complex "
    "tasks; on text it beats methods with like requirements.",
    "tested": "Far sets against chance, on small convolutional networks that know eight kinds of clothes, two "
    "epochs of training: an easy task, where the paper itself expects little.",
    "setting": "stand-in",
}

FAR = ("digits", "noise", "rotated")
ROWS = 400  # of each set: every draw is a pass back


def few(data: Clothes) -> Clothes:
    """The same with fewer rows."""

    def cut(acts: Activations) -> Activations:
        return acts[:ROWS]

    outside = {name: cut(acts) for name, acts in data.outside.items()}
    return Clothes(data.reference, data.held_out, cut(data.inside), outside)


def run(seeds: int = 5) -> dict[str, Any]:
    """Mean AUROC over the far sets by network, against a coin's."""
    found, energy, spread = [], [], []
    for seed in range(seeds):
        data = few(clothes(seed))
        found.append(aurocs(BLOOD(), data))
        energy.append(aurocs(Energy(), data))
        spread.append([np.mean([aurocs(BLOOD(random_state=s), data)[name] for name in FAR]) for s in (1, 2)])
    ours = [float(np.mean([by_set[name] for name in FAR])) for by_set in found]

    def listed(results: list[dict[str, float]]) -> str:
        return ", ".join(f"{name} {np.mean([by_set[name] for by_set in results]):.3f}" for name in results[0])

    spreads = np.std(np.column_stack([ours, spread]), axis=1, ddof=1).mean()
    return paired(
        "Far outside sets have sharper maps between layers than what is inside: mean AUROC above a half.",
        "mean AUROC over digits, noise and rotated clothes, against 0.5",
        ours,
        [0.5] * seeds,
        higher=True,
        notes=f"BLOOD by set: {listed(found)}; energy: {listed(energy)}; standard deviation over the seeds of the "
        f"draws {spreads:.4f}. The paper expects outside rows to be sharper on hard tasks only, and this task is easy",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
