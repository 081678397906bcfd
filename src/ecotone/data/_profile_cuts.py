"""Cut points frozen by a reference, and the scores of their cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import Floats, Ints

from ._fast_searchsorted import fast_searchsorted
from ._profile_columns import LONGEST, ColumnProfile, coded, numbers
from .sources import Family

SCALE = 1024
"""Scores are kept as whole multiples of 1/SCALE, so that sums of them are exact in any order."""
BINS = 256
DEGREES = 4
MOST_LEVELS = 12
MOST_PAIRED = 256
_LARGEST = 16 * SCALE


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
