"""The place of many numbers among few edges."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Floats, Ints

_GRID = 1 << 12


def fast_searchsorted(x: Floats, edges: Floats, *, cells: int = _GRID, right: bool = False) -> Ints:
    """``np.searchsorted(edges, x)`` by a grid: several times faster for many unsorted numbers; NaN gives any place.

    A number's grid cell is a monotone function of it, also in floating point, so all edges in lower cells lie below
    it and all in higher cells above; only cells with more than one edge need a search.
    """
    side: Literal["left", "right"] = "right" if right else "left"
    with np.errstate(over="ignore", invalid="ignore"):
        scale = cells / (edges[-1] - edges[0]) if len(edges) > 1 else 0.0
    if not 0 < scale < np.inf:
        return np.searchsorted(edges, x, side=side).astype(np.int64, copy=False)

    def cell(v: Floats) -> NDArray[np.int32]:
        with np.errstate(over="ignore", invalid="ignore"):
            inside = (v - edges[0]) * scale
        np.fmin(np.fmax(inside, -1.0, out=inside), float(cells), out=inside)
        inside += 1.0
        return np.asarray(inside, np.int32)

    held = np.bincount(cell(edges), minlength=cells + 2)
    below = np.cumsum(held) - held
    only = np.where(held > 0, edges[np.minimum(below, len(edges) - 1)], np.nan)  # nothing exceeds NaN
    at = cell(x)
    one = np.take(only, at, mode="clip")
    found: Ints = np.take(below, at, mode="clip")
    found += (x >= one) if right else (x > one)
    crowded = np.flatnonzero(np.take(held > 1, at, mode="clip"))
    found[crowded] = np.searchsorted(edges, x[crowded], side=side)
    return found
