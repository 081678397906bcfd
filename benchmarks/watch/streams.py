"""Streams without and with a change: how often and how late a monitor alarms.

``python benchmarks/watch/streams.py null gauss --n 1000 --streams 200`` measures a cell, a record a stream; streams
that are stored are not measured again. ``python benchmarks/watch/run.py`` measures all cells.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results

from ecotone.watch import Monitor

RESULTS = Results(Path(__file__).parent)
KINDS = ("gauss", "correlated", "counts", "heavy", "missing", "mixed")
CHANGES = ("mean", "correlation", "variance", "cluster", "dense", "ramp")
LENGTH, AT = 20_000, 5_000


def rows(n: int, d: int, kind: str, rng: np.random.Generator) -> pd.DataFrame:
    """Unchanged rows: equal correlation .6 but for ``gauss``; counts with ties, Student's t of 2, gaps, levels."""
    rho = 0.0 if kind == "gauss" else 0.6
    z = np.sqrt(1 - rho) * rng.normal(size=(n, d)) + np.sqrt(rho) * rng.normal(size=(n, 1))
    if kind == "counts":
        z = np.floor(np.exp(z))
    if kind == "heavy":
        z = z / np.sqrt(rng.chisquare(2, size=(n, 1)) / 2)
    if kind == "missing":
        z = np.where(rng.random((n, d)) < 0.3, np.nan, z)
    table = pd.DataFrame(z, columns=[f"x{j}" for j in range(d)])
    if kind == "mixed":
        for j in range(0, d, 2):
            table[f"x{j}"] = pd.cut(z[:, j], [-np.inf, -1.2, -0.3, 0.2, 1.0, np.inf], labels=list("cabed")).astype(str)
    return table


def changed(n: int, d: int, change: str, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of ``gauss`` after a change."""
    z = rng.normal(size=(n, d))
    if change == "mean":
        z[:, 0] += 0.2
    elif change == "correlation":
        z[:, 1] = 0.8 * z[:, 0] + 0.6 * z[:, 1]
    elif change == "variance":
        z[:, 0] *= 1.25
    elif change == "cluster":
        inside = rng.random(n) < 0.05
        z[inside, :2] = 2.5 + 0.3 * rng.normal(size=(int(inside.sum()), 2))
    elif change == "dense":
        z += 0.06
    elif change == "ramp":
        z[:, 0] += 0.3 * np.minimum(np.arange(n) / 2000, 1)
    return pd.DataFrame(z, columns=[f"x{j}" for j in range(d)])


def null(kind: str, n: int, d: int, seed: int, ever: bool) -> dict[str, Any]:
    """Row of the first alarm in an unchanged stream, and how many there were."""
    rng = np.random.default_rng((seed, n, d, KINDS.index(kind)))
    monitor = _started(rows(n, d, kind, rng), seed, ever)
    alarms = monitor.update(rows(LENGTH, d, kind, rng)).alarms
    return {"seed": seed, "first": alarms[0].row if alarms else None, "alarms": len(alarms)}


def delay(change: str, n: int, d: int, seed: int, ever: bool) -> dict[str, Any]:
    """Rows from the change to the first alarm after it, what alarmed, and whether the interval held the change."""
    rng = np.random.default_rng((seed, n, d, 100 + CHANGES.index(change)))
    monitor = _started(rows(n, d, "gauss", rng), seed, ever)
    before = monitor.update(rows(AT, d, "gauss", rng)).alarms
    after = monitor.update(changed(10_000, d, change, rng)).alarms
    first = after[0] if after else None
    return {
        "seed": seed,
        "before": len(before),
        "delay": None if first is None else first.row - AT + 1,
        "columns": None if first is None else list(first.columns),
        "held": None if first is None or first.since is None else first.since.low <= AT <= first.since.high,
        "off": None if first is None or first.since is None else first.since.row - AT,
    }


def _started(reference: pd.DataFrame, seed: int, ever: bool) -> Monitor:
    asked: dict[str, float] = {"ever": 0.05} if ever else {"arl": 20_000}
    return Monitor.start(reference, independent=True, seed=seed, **asked)


def cell(what: str, kind: str, n: int, d: int, streams: int, *, ever: bool = False, first: int = 5000) -> str:
    """Measure a cell's streams that are not stored; the entry's name."""
    entry = f"{what}_{kind}_n{n}_d{d}{'_ever' if ever else ''}"
    done = {record["seed"] for record in RESULTS.records(entry)}
    measure = null if what == "null" else delay
    for seed in range(first, first + streams):
        if seed not in done:
            RESULTS.append(entry, measure(kind, n, d, seed, ever))
    return entry


def main() -> None:
    """One cell of the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("null", "delay"))
    parser.add_argument("kind", choices=(*KINDS, *CHANGES))
    parser.add_argument("--n", type=int, default=5000, help="reference rows")
    parser.add_argument("--d", type=int, default=10, help="columns")
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--ever", action="store_true", help="at most .05 ever, in place of one in 20 000 rows")
    asked = parser.parse_args()
    print(cell(asked.what, asked.kind, asked.n, asked.d, asked.streams, ever=asked.ever))


if __name__ == "__main__":
    main()
