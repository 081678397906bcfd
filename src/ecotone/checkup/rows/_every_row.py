"""Every current row as it was read: those left out as copies are scored and named with the rows that they equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Bools, Floats, Ints
from ecotone.data import Pair, Part, Table
from ecotone.data._equal_rows import first_equal
from ecotone.decide.conformal import conformal_pvalues

from ._place import Place
from ._row_scores import Scored

_OUTSIDE = 0.01  # p-value of a row from which on it counts as outside, if it occurs often
_OFTEN = 5  # rows from which on a row outside that is not named is pointed out
_LOOKED = 20


@dataclass(frozen=True)
class EveryRow:
    """Current rows as read.

    Parameters
    ----------
    pvalues : (rows read,) float64
    named : (k,) int64
        Positions in the sources, read one after another, of the rows named and of copies of these; ascending.
    places : tuple of Place
        The same rows in their sources.
    copies : mapping of int to int
        The rows named that differ (the first of equal ones, as positions in the current table), and how many other
        current rows equal each in all columns compared.
    copies_said : str
        The row outside that occurs most often, named or not, in a sentence; empty where none occurs again.
    """

    pvalues: Floats
    named: Ints
    places: tuple[Place, ...]
    copies: dict[int, int]
    copies_said: str


def every_row(pair: Pair, found: Scored, index: Ints, pvalues: Floats) -> EveryRow:
    """Carry p-values and names over to the rows that were left out as copies, and count equal rows outside.

    A copy equals a row that took part, so its p-value is that row's. Where this is one of the reference (the one of
    the group that was drawn), its p-value is twice that of the density alone, which is valid as well.
    """
    n, m = pair.reference.n, pair.current.n
    if pair.stand_in is None:
        rows, p, twin = pair.current.rows, pvalues, np.arange(m)
    else:
        rows, twin = np.arange(len(pair.stand_in)), pair.stand_in - n
        p = pvalues[np.maximum(twin, 0)]
        away = np.flatnonzero(twin < 0)
        p[away] = _by_density(pair, found, pair.stand_in[away])
    outside = np.union1d(index, np.flatnonzero(pvalues <= max(_OUTSIDE, 2 / (found.n + 1))))
    first = np.full(m, -1)
    if len(outside):
        first[outside] = outside[_first_of_equals(pair.current.take(outside))]
    times = np.bincount(first[twin[twin >= 0]] + 1, minlength=m + 1)[1:]
    chosen = np.zeros(m, dtype=bool)
    chosen[index] = True
    named = rows[(twin >= 0) & chosen[np.maximum(twin, 0)]]
    copies = {row: int(times[row]) - 1 for row in np.unique(first[index]).tolist()}
    return EveryRow(p, named, _places(pair, named), copies, _said(pair, times, chosen, pvalues))


def _said(pair: Pair, times: Ints, chosen: Bools, pvalues: Floats) -> str:
    """The row that occurs most often of those named, or else of those so low that few of the reference's are lower."""
    most = np.argsort(-times, kind="stable")[:_LOOKED]
    for row in (int(r) for r in most if times[r] >= (2 if chosen[r] else _OFTEN)):
        if not chosen[row] and _occurs(pair, row):
            continue
        file, at = pair.current.where(row)
        where, count = f"row {at:,}{f' of {file}' if file else ''}", int(times[row]) - 1
        word = "copy" if count == 1 else "copies"
        return f"{count:,} {word} of one row, itself outside (p = {pvalues[row]:.2g} for it alone): {where}."
    return ""


def _occurs(pair: Pair, row: int) -> bool:
    """Whether the reference has a row that equals this one of current in all columns compared."""
    same = np.ones(pair.reference.n, dtype=bool)
    for before, after in zip(pair.reference, pair.current):
        value = after.values[row]
        same &= np.isnan(before.values) if np.isnan(value) else before.values == value
    return bool(same.any())


def _first_of_equals(table: Table) -> Ints:
    """(n,) the first row that equals each in all columns compared."""
    keys: list[NDArray[np.int64]] = []
    for column in table:
        values = column.values + 0.0  # -0.0 becomes 0.0
        values[np.isnan(values)] = np.nan  # one NaN of the many
        keys.append(values.view(np.int64))
    return first_equal(keys)


def _by_density(pair: Pair, found: Scored, rows: Ints) -> Floats:
    """P-values of rows of the reference that stand for current ones."""
    if not len(rows):
        return np.empty(0)
    scores = found.density.score_samples(found.encoder.transform(pair.reference.take(rows)))
    return np.minimum(1.0, 2 * conformal_pvalues(scores, found.pairs[0][0]))


def _places(pair: Pair, rows: Ints) -> tuple[Place, ...]:
    """File and row of each position in the sources, as ``Table.where`` gives them."""
    parts = pair.current.parts or (Part("", int(rows.max(initial=0)) + 1),)
    ends = np.cumsum([part.rows for part in parts])
    part = np.searchsorted(ends, rows, side="right")
    starts = ends - [p.rows for p in parts]
    return tuple(Place(parts[i].name, int(row)) for i, row in zip(part, rows - starts[part]))
