"""Mahalanobis distances of several layers against MSP and ODIN, on networks that know eight kinds of clothes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from _fixtures.networks import LAYERS, Clothes, aurocs, clothes
from paired import paired

from ecotone.contracts import Activations
from ecotone.detect.posthoc import MSP, ODIN, Mahalanobis

ABOUT = {
    "headline": "Class-conditional normal features detect both rows outside and adversarial ones better than "
    "before, with noisy labels and few rows too, and take new classes in.",
    "tested": "Far sets (digits, noise) with several layers and no input step, on small convolutional networks that "
    "know eight kinds of clothes, two epochs of training. Near sets are not claimed; adversarial rows, noisy "
    "labels and few rows are not tested.",
    "setting": "stand-in",
    "pilot": "Far sets and several layers, after a trial on two other small networks had a single layer below the "
    "largest probability on near ones.",
}

FAR = ("digits", "noise")


def added(data: Clothes) -> tuple[float, float]:
    """Accuracy by least distance: all eight classes fitted, and the last one added to seven."""
    z, y = data.reference.features, np.asarray(data.reference.labels)
    rest = y < y.max()
    whole = Mahalanobis().fit(Activations(features=z, labels=y))
    grown = Mahalanobis().fit(Activations(features=z[rest], labels=y[rest])).add_class(Activations(features=z[~rest]))
    new = Activations(features=data.inside.features)
    one, other = (float(np.mean(d.predict(new) == data.inside.labels)) for d in (whole, grown))
    return one, other


def run(seeds: int = 10) -> dict[str, Any]:
    """Mean AUROC over far sets by network."""
    ours, baseline, near, kept = [], [], [], []
    for seed in range(seeds):
        data = clothes(seed)
        kept.append(added(data))
        found = aurocs(Mahalanobis(layers=[*LAYERS, "features"]).fit(data.reference), data)
        near.append(found["near"])
        ours.append(float(np.mean([found[name] for name in FAR])))
        far = data._replace(outside={name: data.outside[name] for name in FAR})
        others = [np.mean(list(aurocs(d.fit(data.reference), far).values())) for d in (MSP(), ODIN(eps=0.0))]
        baseline.append(float(max(others)))
    before, after = np.mean(kept, axis=0)
    return paired(
        "With several layers, mean AUROC over far sets is above the better of MSP and ODIN, none with an input step.",
        "mean AUROC over digits and noise",
        ours,
        baseline,
        higher=True,
        notes="networks of two epochs; three convolutions and features, equal weights; ODIN at temperature 1000 alone; "
        f"near sets are not claimed ({np.mean(near):.3f} on unseen kinds). Accuracy by least distance {before:.3f} "
        f"with all eight classes, {after:.3f} with the last one added to seven without retraining",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
