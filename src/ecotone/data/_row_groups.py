"""What tells the rows of two tables apart, in both together and in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import Ints

from ._equal_rows import Exact, arrow_equal, first_equal
from ._pool import pool
from ._pooled_column import PooledColumn
from .sources import family


@dataclass(frozen=True)
class RowGroups:
    """What tells rows of both tables apart.

    Parameters
    ----------
    split : int
        Rows of the reference.
    keys, blanks : of the columns that both tables have, pooled
    group : (N,) int64
        Pooled position of the first row that equals each in those columns.
    own : ((n_ref,) int64, (n_cur,) int64)
        Position in the table of the first of its rows that equals each in all of the table's columns.
    """

    split: int
    keys: list[NDArray[np.int64]]
    blanks: list[int | None]
    group: Ints
    own: tuple[Ints, Ints]

    @property
    def halves(self) -> tuple[slice, slice]:
        return slice(None, self.split), slice(self.split, None)


def tell_apart(reference: pa.Table, current: pa.Table, raws: Mapping[str, PooledColumn]) -> RowGroups | None:
    """Equal rows of both tables together and in each; None where no two rows are equal."""
    tables, n = (reference, current), reference.num_rows
    keys: list[NDArray[np.int64]] = []
    blanks: list[int | None] = []
    exact: list[Exact] = []
    apart: set[str] = set()  # columns that can be compared within a table only
    for name, raw in raws.items():
        a, b = reference[name], current[name]
        inexact = raw.family == "nested" or _rounds(a.type, raw) or _rounds(b.type, raw)
        if raw.family == "mismatch" or (inexact and a.type != b.type):
            apart.add(name)
        elif inexact:
            exact.append(arrow_equal(pa.chunked_array([*a.chunks, *b.chunks], a.type)))
        if raw.family not in ("nested", "mismatch"):
            keys.append(raw.key())
            blanks.append(raw.blank)
    group = first_equal(keys, exact) if keys else np.zeros(n + current.num_rows, np.int64)
    if (group == np.arange(len(group))).all():
        return None
    own = [
        _within(table, [c for c in table.column_names if c not in raws or c in apart], group[half])
        for table, half in zip(tables, (slice(None, n), slice(n, None)))
    ]
    return RowGroups(n, keys, blanks, group, (own[0], own[1]))


def _within(table: pa.Table, lone: list[str], group: Ints) -> Ints:
    """First row of a table that equals each, given rows that agree in the columns of both tables."""
    keys: list[NDArray[np.int64]] = [group]
    exact: list[Exact] = []
    if different(group, int(group.max(initial=0))) == len(group):
        return np.arange(len(group))
    for name in lone:
        column = table[name]
        if family(column.type) == "nested":
            exact.append(arrow_equal(column))
            continue
        keys.append(pool(name, column, pa.chunked_array([pa.nulls(0)])).key())
        if _rounds(column.type, None):
            exact.append(arrow_equal(column))
    return first_equal(keys, exact)


def different(positions: Ints, below: int) -> int:
    """Number of different positions, all of them smaller than ``below``."""
    seen = np.zeros(below + 1, dtype=bool)
    seen[positions] = True
    return int(seen.sum())


def _rounds(t: pa.DataType, raw: PooledColumn | None) -> bool:
    """Whether float64 cannot tell all values of a type apart."""
    if pa.types.is_int64(t) or pa.types.is_uint64(t):
        return raw is None or raw.whole is None
    return bool(pa.types.is_decimal(t) or getattr(t, "unit", "") == "ns")
