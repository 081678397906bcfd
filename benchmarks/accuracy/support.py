"""When the accuracy without labels is called unknown, and what its interval covers otherwise.

    python benchmarks/accuracy/support.py [last seed, default 0: none is drawn] [i/k: only every k-th, from the i-th]

Two tables of 2000 rows in ten columns, labels logistic with a wave and a product, a logistic regression or boosted
trees trained on 2000 others. Of each seven seeds three have a smooth shift of all rows along one direction (.4 to 1.5
standard deviations), one each no shift, a cluster of 2 to 5 % and one of 10 to 40 % of the current rows far away, and a
shift by 2.3 to 3.2. Of each thousand seeds those below FITTED chose STRETCH; the table counts the others. Records are
kept (the entry ``support`` of the results) and not drawn again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results

from ecotone.compare.estimate import Predictions
from ecotone.compare.estimate._core import Core
from ecotone.compare.estimate._doubly_robust import DOUBLY_ROBUST, STRETCH, A, errors_of
from ecotone.compare.estimate._unknown import miscalibrated, thin

RESULTS = Results(Path(__file__).parent)
TURNS = ("smooth", "smooth", "smooth", "cluster", "none", "far", "few")
N, D, FITTED = 2000, 10, 60  # of a thousand seeds each the first FITTED chose STRETCH
STRENGTH = {"none": (0, 0), "smooth": (0.4, 1.5), "far": (2.3, 3.2), "cluster": (0.1, 0.4), "few": (0.02, 0.05)}


def replicate(kind: str, seed: int) -> dict[str, Any]:
    """The estimate, its error and support, and the truth."""
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    slope, (i, j), wave = rng.normal(size=D) / np.sqrt(D) * 2, rng.integers(D, size=2), rng.normal()

    def labels(x: np.ndarray) -> np.ndarray:
        odds = x @ slope + wave * np.sin(1.5 * x[:, i] + x[:, j]) + 0.5 * x[:, i] * x[:, j]
        return (rng.random(len(x)) < 1 / (1 + np.exp(-odds))).astype(int)

    train, reference, current = (rng.normal(size=(N, D)) for _ in range(3))
    way = rng.normal(size=D)
    way /= np.linalg.norm(way)
    strength = float(rng.uniform(*STRENGTH[kind])) if kind != "none" else 0.0
    if kind in ("smooth", "far"):
        current += strength * way
    elif kind != "none":
        rows = int(strength * N)
        current[:rows] = 4.5 * way + 0.3 * rng.normal(size=(rows, D))
    y = [labels(x) for x in (train, reference, current)]
    kinds = (LogisticRegression(max_iter=500), HistGradientBoostingClassifier(max_iter=40, random_state=0))
    model = kinds[seed % 2].fit(train, y[0])
    p, q = model.predict_proba(reference), model.predict_proba(current)
    given = Predictions(reference, current, y[1], p.argmax(1), q.argmax(1), p, q, classes=("0", "1"))
    core = Core.of(given, "accuracy", 0)
    return {
        "kind": kind, "seed": seed, "strength": strength, "estimate": DOUBLY_ROBUST.value(core),
        "reference": core.reference, "truth": float((q.argmax(1) == y[2]).mean()), "se": errors_of(core).of_value,
        "effective": core.shared.effective, "beyond": core.shared.beyond,
        "unknown": bool(thin(core) or miscalibrated(core)),
    }  # fmt: skip


def records(last: int, shard: tuple[int, int]) -> list[dict[str, Any]]:
    """The stored records, after drawing those of this shard that it lacks."""
    done = RESULTS.records("support")
    seen = {r["seed"] for r in done}
    for seed in (s for s in range(last) if s not in seen and s % shard[1] == shard[0] - 1):
        found = replicate(TURNS[seed % len(TURNS)], seed)
        done.append({k: round(v, 5) if isinstance(v, float) else v for k, v in found.items()})
        RESULTS.append("support", done[-1])
    return done


def main() -> None:
    last = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    i, k = (int(v) for v in (sys.argv[2] if len(sys.argv) > 2 else "1/1").split("/"))
    kept = [r for r in records(last, (i, k)) if r["seed"] % 1000 >= FITTED]
    print("| | replicates | unknown | beyond | mean error | mean half-width | covered | without stretch |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in ("none", "smooth", "few", "cluster", "far"):
        rows = [r for r in kept if r["kind"] == kind]
        told = {k: np.array([r[k] for r in rows if not r["unknown"]]) for k in ("estimate", "truth", "se", "beyond")}
        move = A * (told["estimate"] - np.array([r["reference"] for r in rows if not r["unknown"]]))
        ends = []
        for stretch in (STRETCH, 1.0):
            half = stats.norm.isf(0.05) * stretch * told["se"]
            low = told["estimate"] - half + np.minimum(0, move) - told["beyond"] * told["estimate"]
            high = told["estimate"] + half + np.maximum(0, move) + told["beyond"] * (1 - told["estimate"])
            covered = (low <= told["truth"]) & (told["truth"] <= high)
            ends.append((((high - low) / 2).mean(), covered.mean()) if len(half) else (np.nan, np.nan))
        share = np.mean([r["unknown"] for r in rows])
        beyond = np.mean([r["beyond"] for r in rows])
        error = np.abs(told["estimate"] - told["truth"]).mean() if len(move) else np.nan
        shown = " | ".join("–" if np.isnan(v) else f"{v:.3f}" for v in (error, *ends[0], ends[1][1]))
        print(f"| {kind} | {len(rows)} | {share:.2f} | {beyond:.3f} | {shown} |")


if __name__ == "__main__":
    main()
