"""Deferral by class centroids against a threshold on the largest probability, on shifted digits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy import ndimage, stats
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from ecotone.decide.actions import CentroidDeferral

ABOUT = {
    "headline": "How near a softmax output is to its class's centroid, with the nearest error as the limit, tells "
    "under shift when a prediction may be accepted (MNIST, CIFAR-10).",
    "tested": "A perceptron on turned, noisy 8 x 8 digits: only whether what is accepted is wrong no more often, by "
    "a margin, than as many predictions of largest probability. It is wrong more often; nor is it hardly ever "
    "wrong, as the rule means it to be.",
    "setting": "stand-in",
    "pilot": "Restated as not worse, with a margin, after five seeds had shown no difference and errors far above "
    "the 2 % first asked for; run on fifty fresh seeds.",
}

MARGIN = 0.02  # in which "not worse" is meant; set before the seeds from FIRST on were drawn
FIRST = 100


def _shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each digit turned by up to 25 degrees, with noise."""
    turned = [ndimage.rotate(im, rng.uniform(-25, 25), reshape=False, order=1) for im in images]
    return np.clip(np.array(turned) + rng.normal(0, 2, images.shape), 0, 16)


def run(seeds: int = 50) -> dict[str, Any]:
    """Error among accepted shifted digits, at the method's own coverage."""
    digits = load_digits()
    ours, baseline, all_rows, coverage, in_place = [], [], [], [], []
    for seed in range(FIRST, FIRST + seeds):
        rng = np.random.default_rng(seed)
        train, calibrate, test = np.split(rng.permutation(len(digits.target)), [700, 1200])
        network = MLPClassifier((64,), max_iter=60, random_state=seed).fit(digits.data[train], digits.target[train])
        rule = CentroidDeferral().fit(network.predict_proba(digits.data[calibrate]), digits.target[calibrate])
        p = network.predict_proba(_shifted(digits.images[test], rng).reshape(len(test), -1))
        wrong = p.argmax(1) != digits.target[test]
        accepted = rule.decide(p).action == "accept"
        surest = np.argsort(-p.max(1), kind="stable")[: accepted.sum()]
        ours.append(float(wrong[accepted].mean()))
        baseline.append(float(wrong[surest].mean()))
        all_rows.append(float(wrong.mean()))
        coverage.append(float(accepted.mean()))
        still = network.predict_proba(digits.data[test])
        in_place.append(float((still.argmax(1) != digits.target[test])[rule.decide(still).action == "accept"].mean()))
    gaps = np.subtract(ours, baseline)
    half = stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    interval = [float(gaps.mean() - half), float(gaps.mean() + half)]
    return {
        "claim": "On rotated, noisy digits the predictions that CentroidDeferral accepts are wrong no more often, "
        f"within a margin of {MARGIN}, than as many predictions of largest probability.",
        "metric": "error among accepted predictions at equal coverage (lower is better)",
        "ours": ours,
        "baseline": baseline,
        "difference": float(gaps.mean()),
        "interval": interval,
        "holds": bool(interval[1] <= MARGIN),
        "notes": f"Coverage {np.mean(coverage):.2f}; error of all predictions {np.mean(all_rows):.3f}; error among "
        f"accepted unshifted digits {np.mean(in_place):.4f}. It holds if the whole 95 % interval of the difference "
        f"lies below {MARGIN}. That what is accepted is hardly ever wrong, which the rule is for, does not hold under "
        "this shift, which was chosen once and not tuned.",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
