"""Diffusion time estimation against the mean squared distance to the same neighbours."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from ecotone.detect.anomaly import DTE

ABOUT = {
    "headline": "Estimating a row's diffusion time detects anomalies better than a diffusion model on ADBench, "
    "faster by orders of magnitude.",
    "tested": "The neighbour form alone, on four small tables, against the mean squared distance to the same "
    "neighbours.",
    "setting": "stand-in",
    "weight": "both sides rank by one statistic, so that equality checks the implementation and is no evidence for "
    "the method; neither a diffusion model nor speed is compared.",
}

_K = 5


def _tables() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows and whether each is an anomaly."""
    cancer, digits = load_breast_cancer(), load_digits()
    tables = {"breast cancer": (cancer.data, cancer.target == 0)}
    return tables | {f"digits, {c} against the rest": (digits.data, digits.target != c) for c in (0, 3, 8)}


def _squared_neighbours(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    spread = train.std(0)
    scale = np.where(spread > 0, spread, 1)
    distance = NearestNeighbors(n_neighbors=_K).fit(train / scale).kneighbors(test / scale)[0]
    return np.asarray((distance**2).mean(1))


def run(seeds: int = 5) -> dict[str, Any]:
    """AUROC on held-out rows, fitted on half of the typical rows."""
    ours, baseline, learned, snapped = [], [], [], []
    for seed in range(seeds):
        for name, (x, odd) in _tables().items():
            typical = np.random.default_rng(seed).permutation(np.flatnonzero(~odd))
            train, held = x[typical[: len(typical) // 2]], typical[len(typical) // 2 :]
            rows = np.r_[held, np.flatnonzero(odd)]
            model = DTE(k=_K).fit(train)
            ours.append(roc_auc_score(odd[rows], -model.score_samples(x[rows])))
            snapped.append(roc_auc_score(odd[rows], model.posterior(x[rows]).argmax(1)))
            baseline.append(roc_auc_score(odd[rows], _squared_neighbours(train, x[rows])))
            if name != "digits, 8 against the rest" and seed < 2:  # the network is slow
                network = DTE(mode="learned", epochs=200, hidden=(128, 128), learning_rate=1e-3, random_state=seed)
                learned.append(roc_auc_score(odd[rows], -network.fit(train).score_samples(x[rows])))
    gaps = np.subtract(ours, baseline)
    half = stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    interval = [float(gaps.mean() - half), float(gaps.mean() + half)]
    return {
        "claim": "DTE's neighbour form separates anomalies as the mean squared distance to the same 5 neighbours does, "
        "within 0.01 of AUROC.",
        "metric": "AUROC",
        "ours": [float(a) for a in ours],
        "baseline": [float(a) for a in baseline],
        "difference": float(gaps.mean()),
        "interval": interval,
        "seeds": seeds,
        "holds": bool(interval[0] >= -0.01 and interval[1] <= 0.01),
        "notes": "Both sides rank by one statistic: the score is a function of that distance, so that equality checks "
        "the implementation and is no evidence for the method. The paper's headline, detection as good as a diffusion "
        "model's at a fraction of its time, is not tested. Snapped to the 300 noise levels as in the authors' code, "
        f"far rows tie: mean AUROC {np.mean(snapped):.3f} against {np.mean(ours):.3f}. Learned form at a smaller size "
        f"(128-128, 200 epochs, rate 1e-3; 3 tables, 2 seeds): {np.mean(learned):.3f}.",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
