"""The tables: numeric columns of real data, every value moved at random within its own resolution."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn import datasets

sys.path.insert(0, str(Path(__file__).parents[1]))
import data

MOST = 6_000  # rows


def _california() -> np.ndarray:
    """Blocks of California; logs of the four columns with far tails."""
    found = data.california().drop(columns="dear")
    skew = ["AveRooms", "AveBedrms", "Population", "AveOccup"]
    return found.assign(**{name: np.log(found[name]) for name in skew}).to_numpy(float)


def _bikeshare() -> np.ndarray:
    """Hourly rides: rides, lowest and highest temperature of the day, rain, hour, day of the year."""
    table = data.bikeshare()
    time = table["time"]
    found = np.column_stack(
        [table["count"], table["tmin"], table["tmax"], table["pn"], time.dt.hour, time.dt.dayofyear]
    ).astype(float)
    return found[np.isfinite(found).all(1)]


TABLES: dict[str, Callable[[], np.ndarray]] = {
    "wine": lambda: datasets.load_wine().data,
    "diabetes": lambda: datasets.load_diabetes(scaled=False).data,
    "California housing": _california,
    "bike share": _bikeshare,
}


def rows(name: str, seed: int = 0) -> np.ndarray:
    """At most 6,000 rows in random order. Each value gets a uniform amount of its column's smallest step, without
    which repeated values make the likelihood of any density unbounded; then columns are standardised."""
    rng = np.random.default_rng(seed)
    x = np.asarray(TABLES[name](), dtype=float)
    x = x[rng.permutation(len(x))[:MOST]]
    for j, column in enumerate(x.T):
        values = np.unique(column)
        if len(values) < len(column):  # no value repeats in a column that is continuous as recorded
            steps = np.diff(values)
            x[:, j] = column + rng.uniform(size=len(column)) * np.quantile(steps, 0.05)
    return (x - x.mean(0)) / x.std(0)
