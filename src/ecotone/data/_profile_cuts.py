"""Cut points frozen by a reference, and sums of bounded scores on them that add exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats, Ints

from ._profile_columns import LONGEST, ColumnProfile, coded, numbers
from .sources import Family

SCALE = 1024
"""Scores are kept as whole multiples of 1/SCALE, so that sums of them are exact in any order."""
BINS = 256
DEGREES = 4
MOST_LEVELS = 12
MOST_PAIRED = 256
_LARGEST = 16 * SCALE
_CHUNK = 1 << 14
_GRID = 1 << 12
Map: TypeAlias = Callable[[Callable[[int], NDArray[np.float64]], Iterable[int]], Iterable[NDArray[np.float64]]]


@dataclass(frozen=True)
class Cut:
    """Where one column is cut, and the score of each cell.

    Parameters
    ----------
    name : str
    family : Family
        ``number``, ``text`` or ``boolean``.
    edges : (b,) float64
        Of numbers: cell ``i`` holds ``edges[i-1] < x <= edges[i]``.
    levels : tuple of str
        Of texts: cell ``i`` holds ``levels[i]``, one more cell all others. The last cell holds what is missing.
    table : (cells, scores) int64
        ``SCALE`` times the scores.
    labels : tuple of str
        ``L1`` … ``L4``, ``missing``, ``=level``, ``other``.
    """

    name: str
    family: Family
    edges: Floats
    levels: tuple[str, ...]
    table: Ints
    labels: tuple[str, ...]

    def cells(self, array: Any) -> Ints:
        """(n,) the cell of each row of an Arrow array."""
        last = len(self.table) - 1
        if pa.types.is_null(array.type):
            return np.full(len(array), last)
        if self.family == "number":
            x = numbers(array, "number")
            cells = fast_searchsorted(x, self.edges)
            cells[np.isnan(x)] = last
            return cells
        dictionary, codes = coded(array)
        code = {level: i for i, level in enumerate(self.levels)}
        texts = (t if len(t) <= LONGEST else t[:LONGEST] + "…" for t in dictionary.to_pylist())
        return np.array([*(code.get(t, last - 1) for t in texts), last], np.int64)[codes]


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


@dataclass(frozen=True)
class Binning:
    """Cuts of all columns that have any, in the reference's order."""

    columns: tuple[Cut, ...]

    @cached_property
    def id(self) -> str:
        """Sixteen hexadecimal digits, equal exactly where the cut points and scores are equal."""
        digest = blake2b(digest_size=8)
        for c in self.columns:
            for part in (c.name, c.family, *c.levels, *c.labels):
                digest.update(f"{len(part.encode())}:".encode() + part.encode())
            digest.update(c.edges.astype("<f8").tobytes() + c.table.astype("<i8").tobytes())
        return digest.hexdigest()

    @cached_property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """(column, label) of each score."""
        return tuple((c.name, label) for c in self.columns for label in c.labels)

    @cached_property
    def paired(self) -> Ints:
        """Rising places of the scores whose products are summed: at most 256, low degrees first."""
        rank = {"L1": 0, "missing": 1, "L2": 2, "L3": 4, "L4": 5}
        order = sorted(range(len(self.labels)), key=lambda i: (rank.get(self.labels[i][1], 3), i))
        return np.sort(np.array(order[:MOST_PAIRED], np.int64))


def freeze(columns: Mapping[str, ColumnProfile]) -> Binning:
    r"""Cut points and scores from a profile's sketches.

    Numbers are cut at the distinct of 255 quantiles of the sketch. With :math:`u` the mid-distribution function of
    a cell, its scores are the shifted Legendre polynomials :math:`P_r(2u-1)`, r = 1 … 4, standardised under the
    sketch's masses, clipped to ±16 and rounded to 1/1024, with 0 for missing values and an indicator of them. Texts
    and booleans have an indicator of each of the 12 commonest levels, of all others, and of missing values.
    Date-times, constants and text that never repeats (more than half of the values distinct) have no scores.
    """
    cuts = (_number(c) if c.family == "number" else _levels(c) for c in columns.values())
    return Binning(tuple(c for c in cuts if c is not None))


def _number(column: ColumnProfile) -> Cut | None:
    n = column.quantiles.n
    if n < 2 or column.low == column.high:
        return None
    edges = np.unique(column.quantiles.quantile(np.arange(1, BINS) / BINS))
    upper = np.append(column.quantiles.cdf(edges), 1.0)
    lower = np.concatenate([[0.0], upper[:-1]])
    mass, u = upper - lower, (upper + lower) / 2
    scores, labels = [], []
    for degree in range(1, min(DEGREES, int((mass > 0).sum()) - 1) + 1):
        score = np.polynomial.legendre.Legendre.basis(degree)(2 * u - 1)
        score = score - mass @ score
        spread = float(np.sqrt(mass @ score**2))
        if spread > 1e-6:
            scores.append(np.clip(np.rint(score / spread * SCALE), -_LARGEST, _LARGEST))
            labels.append(f"L{degree}")
    table = np.zeros((len(edges) + 2, len(scores) + 1), np.int64)
    if scores:
        table[: len(edges) + 1, : len(scores)] = np.column_stack(scores)
    table[-1, -1] = SCALE
    return Cut(column.name, "number", edges, (), table, (*labels, "missing"))


def _levels(column: ColumnProfile) -> Cut | None:
    seen = column.rows - column.missing
    few = column.distinct.count <= max(0.5 * seen, 2)
    if column.family not in ("text", "boolean") or len(column.frequent.counts) < 2 or not few:
        return None
    levels = tuple(level for level, _ in column.frequent.top(MOST_LEVELS))
    labels = (*(f"={level}" for level in levels), "other", "missing")
    table = np.eye(len(labels), dtype=np.int64) * SCALE
    return Cut(column.name, column.family, np.empty(0), levels, table, labels)


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
    cuts : Cuts
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
