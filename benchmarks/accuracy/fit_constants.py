"""Fit the two constants of the doubly robust interval on simulated shifts.

    python benchmarks/accuracy/fit_constants.py [replicates, default 3] [i/k: only every k-th, from the i-th]

The interval is [M - z se - B r, M + z se + B r], and A |M - reference| longer on the side away from the reference; r is
the estimators' range. Of the pairs (A, B) of a grid whose nominal 90 % intervals cover the realised metric in at least
92 % of all replicates, 90 % of those in which the metric moves by more than .06, and 80 % of those of every shift, of
every kind of labels and of every size, the one with the smallest mean half-width is taken. Left out are replicates
whose effective sample size calls for the flag ``unknown``, as they are for users. Shifts, labels and models: worlds.py.
Replicates are kept (the entry ``fit_constants`` of the results) and not drawn again; to start afresh, forget it:
python benchmarks/stored.py forget accuracy fit_constants
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results
from worlds import LABELS, SHIFTS, replicate

RESULTS = Results(Path(__file__).parent)
Z = stats.norm.isf(0.05)
LEAST_EFFECTIVE = 0.1  # share of the reference: replicates below it are left out of the fit


def records(entry: str, replicates: int, first: int, labels: tuple[str, ...], shard: tuple[int, int]) -> list[Any]:
    """The records of an entry, after drawing those of this shard that it lacks."""
    done = RESULTS.records(entry)
    keys = {(r["shift"], r["labels"], r["seed"]) for r in done}
    wanted = itertools.product(range(first, first + replicates), SHIFTS, labels)
    for turn, (seed, shift, kind) in enumerate(wanted):
        if (shift, kind, seed) in keys or turn % shard[1] != shard[0] - 1:
            continue
        done.append(replicate(shift, kind, (1500, 5000, 5000)[(seed + turn) % 3], seed))
        RESULTS.append(entry, {k: round(v, 5) if isinstance(v, float) else v for k, v in done[-1].items()})
    return done


def sides(r: dict[str, np.ndarray], a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """Reach of each interval to the left and to the right."""
    move, half = a * (r["estimate"] - r["reference"]), Z * r["se"] + b * r["range"]
    return half + np.maximum(0, -move), half + np.maximum(0, move)


def covered(r: dict[str, np.ndarray], a: float, b: float) -> np.ndarray:
    left, right = sides(r, a, b)
    return (r["truth"] >= r["estimate"] - left) & (r["truth"] <= r["estimate"] + right)


def columns(rows: list[Any]) -> dict[str, np.ndarray]:
    kept = [r for r in rows if r["effective"] >= LEAST_EFFECTIVE]
    return {name: np.array([r[name] for r in kept]) for name in kept[0]}


def line(name: str, r: dict[str, np.ndarray], at: np.ndarray, a: float, b: float) -> str:
    """One line of a Markdown table over the replicates ``at``."""
    left, right = sides(r, a, b)
    drop, error = (np.abs(r["truth"] - r[k])[at].mean() for k in ("reference", "estimate"))
    share, half = covered(r, a, b)[at].mean(), ((left + right) / 2)[at].mean()
    return f"| {name} | {at.sum()} | {drop:.3f} | {error:.3f} | {half:.3f} | {share:.2f} |"


HEAD = "| | replicates | mean move | mean error | mean half-width | covered |\n|---|---|---|---|---|---|"


def main() -> None:
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    i, k = (int(v) for v in (sys.argv[2] if len(sys.argv) > 2 else "1/1").split("/"))
    r = columns(records("fit_constants", replicates, 1000, LABELS, (i, k)))
    big = np.abs(r["truth"] - r["reference"]) > 0.06
    kinds = {str(v): r[name] == v for name in ("shift", "labels", "n") for v in dict.fromkeys(r[name].tolist())}
    best: tuple[float, float, float] | None = None
    for a, b in itertools.product(np.arange(0, 1.51, 0.05), np.arange(0, 1.51, 0.1)):
        ok, width = covered(r, a, b), float(np.mean(sides(r, a, b)))
        enough = ok.mean() >= 0.92 and ok[big].mean() >= 0.90 and min(ok[at].mean() for at in kinds.values()) >= 0.80
        if enough and (best is None or width < best[2]):
            best = (a, b, width)
    if best is None:
        sys.exit("no pair of the grid covers")
    print(f"A = {best[0]:.2f}, B = {best[1]:.2f}\n\n{HEAD}")
    for name, at in {"all": big | ~big, "moves by > .06": big, **kinds}.items():
        print(line(name, r, at, *best[:2]))


if __name__ == "__main__":
    main()
