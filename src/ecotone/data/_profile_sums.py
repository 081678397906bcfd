"""Sums of bounded scores on frozen cut points, which add exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats, Ints

from ._profile_cuts import SCALE, Binning

_CHUNK = 1 << 14
Map: TypeAlias = Callable[[Callable[[int], NDArray[np.float64]], Iterable[int]], Iterable[NDArray[np.float64]]]


def _tables(cuts: Binning) -> list[NDArray[np.float64]]:
    """Of each cut the scores whose products are summed."""
    ends = np.cumsum([len(c.labels) for c in cuts.columns])
    paired = np.zeros(int(ends[-1]), bool)
    paired[cuts.paired] = True
    return [c.table[:, use].astype(np.float64) for c, use in zip(cuts.columns, np.split(paired, ends[:-1]))]


@dataclass
class Sums:
    """Sums over ``n`` rows of the scores on ``cuts`` and of products of the paired ones.

    Parameters
    ----------
    cuts : Binning
    n : int
    counts : (c,) int64
        Rows in each cell of each cut, one cut after another.
    products : (p, p) int64
        ``SCALE**2`` times the sum of the products of the scores at ``cuts.paired``.
    """

    cuts: Binning
    n: int
    counts: Ints
    products: Ints

    @classmethod
    def empty(cls, cuts: Binning) -> Sums:
        c, p = sum(len(cut.table) for cut in cuts.columns), len(cuts.paired)
        return cls(cuts, 0, np.zeros(c, np.int64), np.zeros((p, p), np.int64))

    @property
    def first(self) -> Ints:
        """(s,) ``SCALE`` times the sum of each score."""
        sums = [self.histogram(c.name) @ c.table for c in self.cuts.columns]
        return np.concatenate([np.empty(0, np.int64), *sums])

    def histogram(self, name: str) -> Ints:
        """(cells,) rows in each cell of one column's cut; the last cell holds what is missing."""
        start = 0
        for cut in self.cuts.columns:
            if cut.name == name:
                return self.counts[start : start + len(cut.table)]
            start += len(cut.table)
        raise BadInput(f"column {name!r} has no cut points; cut are {', '.join(c.name for c in self.cuts.columns)}")

    def update(self, rows: int, cells: list[Ints], run: Map = map) -> None:
        """Add rows by their cells, one array per cut column; ``run`` may be the ``map`` of a pool of threads."""
        self.n += rows
        cuts = self.cuts.columns
        if not cuts:
            return
        self.counts += np.concatenate([np.bincount(c, minlength=len(cut.table)) for c, cut in zip(cells, cuts)])
        tables = _tables(self.cuts)

        def products(start: int) -> NDArray[np.float64]:
            # Whole numbers below 2**53 all the way (2**14 rows of products of at most 2**28): float64 is exact
            scores = np.hstack([t[c[start : start + _CHUNK]] for t, c in zip(tables, cells)])
            return np.asarray(scores.T @ scores)

        for part in run(products, range(0, rows, _CHUNK)):
            self.products += part.astype(np.int64)

    def merge(self, other: Sums) -> Sums:
        """Sums over both; raises ``BadInput`` where the cut points differ."""
        if self.cuts.id != other.cuts.id:
            raise BadInput(
                f"the profiles have different cut points ({self.cuts.id} and {other.cuts.id}); "
                "their sums can not be added: profile both with --like the same reference"
            )
        return Sums(self.cuts, self.n + other.n, self.counts + other.counts, self.products + other.products)

    def mean(self) -> Floats:
        """(s,) the mean of each score."""
        return self.first / (SCALE * max(self.n, 1))

    def covariance(self) -> Floats:
        """(p, p) covariance of the paired scores, with divisor n."""
        m = self.mean()[self.cuts.paired]
        return self.products / (float(SCALE) ** 2 * max(self.n, 1)) - np.outer(m, m)
