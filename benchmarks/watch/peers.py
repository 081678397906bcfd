"""The same streams through other tools, in an environment of its own: benchmarks/peers/streams.txt.

``python benchmarks/watch/peers.py null gauss`` and ``… delay mean``. KS: windows of 500 rows against the reference,
every column, Bonferroni over columns and over the windows of 20 000 rows, so that a false alarm comes once in 20 000
rows. ADWIN: river's, one a column, its delta over the number of columns. MAPIE: the jumper martingale on the squared
Mahalanobis distance from the reference's mean (it wants labels and a model: the distance is the label, a constant the
model), fed the reference first as its documentation says; it stops at 20, that is, P(ever false) <= .05.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results

RESULTS = Results(Path(__file__).parent)
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


def mapie(reference: np.ndarray, rows: np.ndarray) -> int | None:
    """The row at which the martingale passes its threshold."""
    from mapie.exchangeability_testing import OnlineMartingaleTest
    from mapie.regression import SplitConformalRegressor
    from sklearn.dummy import DummyRegressor

    mean, precision = reference.mean(axis=0), np.linalg.inv(np.cov(reference.T))

    def distance(x: np.ndarray) -> np.ndarray:
        return np.einsum("ij,jk,ik->i", x - mean, precision, x - mean)

    constant = DummyRegressor().fit(reference, distance(reference))
    test = OnlineMartingaleTest(
        SplitConformalRegressor(constant, prefit=True), "regression", warn=False, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test.update(reference, distance(reference))
        for start in range(0, len(rows), WINDOW):
            part = rows[start : start + WINDOW]
            test.update(part, distance(part))
            wealth = np.array(test.martingale_value_history[len(reference) + start :])
            if (wealth >= test.reject_threshold).any():
                return start + int(np.argmax(wealth >= test.reject_threshold))
    return None


Peer = Callable[[np.ndarray, np.ndarray], int | None]
PEERS: dict[str, Peer] = {"ks_windows": ks_windows, "adwin": adwin, "mapie": mapie}


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
    parser.add_argument("--peers", nargs="+", choices=tuple(PEERS), default=list(PEERS))
    asked = parser.parse_args()
    entry = f"peer_{asked.what}_{asked.kind}_n{asked.n}"
    done = {(r["peer"], r["seed"]) for r in RESULTS.records(entry)}
    for seed in range(asked.streams):
        rng = np.random.default_rng((seed, asked.n, 3))
        reference = rng.normal(size=(asked.n, 10))
        before = rng.normal(size=(LENGTH if asked.what == "null" else AT, 10))
        after = changed(10_000, 10, asked.kind, rng) if asked.what == "delay" else None
        for name in asked.peers:
            if (name, seed) not in done:
                RESULTS.append(entry, {"seed": seed, "peer": name, **measured(PEERS[name], reference, before, after)})


def measured(peer: Peer, reference: np.ndarray, before: np.ndarray, after: np.ndarray | None) -> dict[str, object]:
    """The first alarm in unchanged rows, or the delay: a false alarm before the change resets it, as a user would."""
    if after is None:
        return {"first": peer(reference, before)}
    # KS needs the reference alone; the others learn from what came before
    known = reference if peer is ks_windows else np.concatenate([reference, before])
    first = peer(known, after)
    return {"before": peer(reference, before) is not None, "delay": None if first is None else first + 1}


if __name__ == "__main__":
    main()
