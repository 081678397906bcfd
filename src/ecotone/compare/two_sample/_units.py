"""Numbers of the units that rows belong to."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Ints
from ecotone.data import Pair

from ._repeated_values import every_value


def units_of(pair: Pair, name: str) -> tuple[Ints, Ints]:
    """Rows of either table with equal values of a column."""
    a, b = pair.aside[name] if name in pair.aside else (pair.reference[name], pair.current[name])
    return ids(every_value(a)), ids(every_value(b))


def ids(values: np.ndarray) -> Ints:
    """Numbers from 0 for equal values; a missing one is a unit of its own."""
    values = values.copy()
    gone = np.isnan(values)
    values[gone] = np.nanmax(values, initial=0.0) + 1 + np.arange(gone.sum())
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def pooled(units: tuple[Ints, Ints]) -> Ints:
    """(n_ref + n_cur,) units of both tables with numbers that differ."""
    return np.concatenate([units[0], units[1] + int(units[0].max(initial=-1)) + 1])
