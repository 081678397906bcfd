"""The same streams through windows of Kolmogorov-Smirnov tests and through river's ADWIN, in an environment of its own.

``python benchmarks/watch/peers.py null gauss`` and ``… delay mean``; needs numpy, scipy and river. KS: windows of 500
rows against the reference, every column, Bonferroni over columns and over the windows of 20 000 rows, so that a false
alarm comes once in 20 000 rows. ADWIN: one a column, its delta over the number of columns.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats

RESULTS = Path(__file__).parent / "results"
LENGTH, AT, WINDOW = 20_000, 5_000, 500
#: ADWIN's own default, over the columns; ``null`` shows how often it alarms falsely.
DELTA = 0.002


def ks_windows(reference: np.ndarray, rows: np.ndarray) -> int | None:
    """The row at the end of the first window that differs."""
    ordered = np.sort(reference, axis=0)
    level = WINDOW / LENGTH / rows.shape[1]
    for start in range(0, len(rows) - WINDOW + 1, WINDOW):
        part = rows[start : start + WINDOW]
        for j in range(rows.shape[1]):
            if stats.ks_2samp(part[:, j], ordered[:, j], method="asymp").pvalue <= level:
                return start + WINDOW - 1
    return None


def adwin(reference: np.ndarray, rows: np.ndarray) -> int | None:
    """The row at which the first of the columns' detectors, fed the reference first, sees drift."""
    from river.drift import ADWIN

    detectors = [ADWIN(delta=DELTA / rows.shape[1]) for _ in range(rows.shape[1])]
    for detector, column in zip(detectors, reference.T):
        for value in column:
            detector.update(value)
    for t, row in enumerate(rows):
        for detector, value in zip(detectors, row):
            detector.update(value)
            if detector.drift_detected:
                return t
    return None


PEERS: dict[str, Callable[[np.ndarray, np.ndarray], int | None]] = {"ks_windows": ks_windows, "adwin": adwin}


def changed(n: int, d: int, change: str, rng: np.random.Generator) -> np.ndarray:
    """As ``streams.changed``, which is not imported here: this environment lacks what it needs."""
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
    return z


def main() -> None:
    """One cell for both peers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("null", "delay"))
    parser.add_argument("kind")
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--streams", type=int, default=40)
    asked = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"peer_{asked.what}_{asked.kind}_n{asked.n}.jsonl").open("a") as out:
        for seed in range(asked.streams):
            rng = np.random.default_rng((seed, asked.n, 3))
            reference = rng.normal(size=(asked.n, 10))
            if asked.what == "null":
                rows = rng.normal(size=(LENGTH, 10))
            else:
                rows = np.concatenate([rng.normal(size=(AT, 10)), changed(10_000, 10, asked.kind, rng)])
            for name, peer in PEERS.items():
                found: dict[str, object] = {"seed": seed, "peer": name}
                if asked.what == "null":
                    found["first"] = peer(reference, rows)
                else:  # a false alarm before the change resets the peer, as a user would
                    found["before"] = peer(reference, rows[:AT]) is not None
                    first = peer(np.concatenate([reference, rows[:AT]]) if name == "adwin" else reference, rows[AT:])
                    found["delay"] = None if first is None else first + 1
                out.write(json.dumps(found) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
