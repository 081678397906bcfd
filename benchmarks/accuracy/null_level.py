"""How often the model's global test raises an alarm when nothing changed.

    python benchmarks/accuracy/null_level.py [replicates, default 400] [first seed, default 0] [light]

Two tables of 1000 rows from one law (a mixture; labels by boxes), a boosted model trained on a third. Prints the share
of replicates with a p-value of at most .05, .01 and .005: without labels (accuracy, F1), with them (accuracy, log
loss), and for numbers (mean absolute error). ``light``: only accuracy and mean absolute error without labels.
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from worlds import World

from ecotone.checkup.performance._performance import _test
from ecotone.compare.estimate import Predictions
from ecotone.compare.estimate._core import Core

N = 1000


def pvalues(seed: int, light: bool) -> dict[str, float]:
    """One replicate's p-value of each kind of test."""
    world = World("none", "boxes", 500_000 + seed)
    (x0, y0), (x1, y1), (x2, y2) = (world.draw(N, False) for _ in range(3))
    model = HistGradientBoostingClassifier(random_state=0, max_iter=40).fit(x0, y0)
    p1, p2 = model.predict_proba(x1), model.predict_proba(x2)
    shared = {"p_reference": p1, "p_current": p2, "classes": ("0", "1")}
    blind = Predictions(x1, x2, y1, p1.argmax(1), p2.argmax(1), **shared)
    seen = Predictions(x1, x2, y1, p1.argmax(1), p2.argmax(1), y_current=y2, **shared)
    found = {
        f"{m}, no labels": _test(Core.of(blind, m, 0), 0)[0] for m in (("accuracy",) if light else ("accuracy", "f1"))
    }
    found |= {} if light else {f"{m}, labels": _test(Core.of(seen, m, 0), 0)[0] for m in ("accuracy", "log_loss")}
    world.labels = "numbers"
    (x0, y0), (x1, y1), (x2, y2) = (world.draw(N, False) for _ in range(3))
    tree = HistGradientBoostingRegressor(random_state=0, max_iter=40).fit(x0, y0)
    numbers = Predictions(x1, x2, y1, tree.predict(x1), tree.predict(x2))
    return found | {"mae, no labels": _test(Core.of(numbers, "mae", 0), 0)[0]}


def main() -> None:
    replicates, first = (int(v) for v in [*sys.argv[1:3], *("400", "0")[len(sys.argv) - 1 :]])
    rows = [pvalues(first + s, "light" in sys.argv) for s in range(replicates)]
    print(f"{replicates} replicates     <= .05   .01  .005")
    for name in rows[0]:
        p = np.array([row[name] for row in rows])
        print(f"{name:22s} {(p <= 0.05).mean():.3f} {(p <= 0.01).mean():.3f} {(p <= 0.005).mean():.4f}")


if __name__ == "__main__":
    main()
