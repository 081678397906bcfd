"""Coverage of the doubly robust interval on replicates that the constants were not fitted on, as Markdown tables.

    python benchmarks/accuracy/coverage.py [replicates, default 2] [i/k: only every k-th, from the i-th]

The worlds of fit_constants.py with other seeds: other laws, models and strengths of the same kinds of shift, for four
classes and for numbers. Replicates are kept (the entry ``coverage`` of the results) and not drawn again.
"""

from __future__ import annotations

import sys

from fit_constants import HEAD, columns, line, records
from worlds import SHIFTS

from ecotone.compare.estimate._doubly_robust import A_MANY, A, B


def main() -> None:
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    i, k = (int(v) for v in (sys.argv[2] if len(sys.argv) > 2 else "1/1").split("/"))
    rows = records("coverage", replicates, 7000, ("four", "numbers"), (i, k))
    r = columns(rows)
    tasks = {"Accuracy, four classes": "four", "Mean absolute error, as a share of the reference's": "numbers"}
    for name, labels in tasks.items():
        many = labels == "four"
        a = A_MANY if many else A
        # A_MANY was chosen with the replicates of the first two seeds in sight: they are not counted
        task = (r["labels"] == labels) & (r["seed"] >= 7002 if many else True)
        print(f"\n{name} (A = {a}, B = {B})\n\n{HEAD}")
        for shift in SHIFTS:
            at = task & (r["shift"] == shift)
            if at.any():
                print(line(shift, r, at, a, B))
        print(line("**all**", r, task, a, B))


if __name__ == "__main__":
    main()
