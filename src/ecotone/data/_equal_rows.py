"""Rows that are equal in every column, found by hashing and confirmed column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ecotone.contracts import Bools, Ints

Keys: TypeAlias = Sequence[NDArray[np.int64]]
#: Whether rows equal other rows, pair by pair, in a column that has no exact key.
Exact: TypeAlias = Callable[[Ints, Ints], Bools]

_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))
_ROUNDS = 20


def first_equal(keys: Keys, exact: Sequence[Exact] = ()) -> Ints:
    """Position of the first row that equals each row in every column.

    Parameters
    ----------
    keys : sequence of (n,) int64
        One array a column; integers equal exactly where the values are (or nearly so, see ``exact``).
    exact : sequence of callables
        Columns to compare themselves where the keys agree: ``(rows, others) -> equal``.

    Returns
    -------
    (n,) int64
        The row's own position where no earlier row equals it.

    Examples
    --------
    >>> first_equal([np.array([3, 1, 3, 2]), np.array([0, 0, 0, 0])])
    array([0, 1, 0, 3])
    """
    first = np.arange(len(keys[0]) if keys else 0)
    rows, heads = equal_rows(keys, exact)
    first[rows] = heads
    return first


def equal_rows(keys: Keys, exact: Sequence[Exact] = ()) -> tuple[Ints, Ints]:
    """Rows that equal an earlier one in every column, and the first such row of each: ``(rows, heads)``."""
    none = np.empty(0, np.int64)
    if not keys or len(keys[0]) < 2:
        return none, none
    hashed = _hash(keys)
    ranked = np.sort(hashed)  # many times faster than the order; most tables have no equal rows
    if not (ranked[1:] == ranked[:-1]).any():
        return none, none
    order = np.argsort(hashed, kind="stable")
    again = np.r_[False, hashed[order][1:] == hashed[order][:-1]]
    # Rows of one hash and the first of them, compared column by column; those that differ are compared anew
    twin = again | np.r_[again[1:], False]
    left, group = order[twin], np.cumsum(~again)[twin]
    found: list[tuple[Ints, Ints]] = [(none, none)]
    for _ in range(_ROUNDS):
        start = np.r_[True, group[1:] != group[:-1]] if len(left) else np.empty(0, bool)
        if start.all():
            break
        head = left[np.maximum.accumulate(np.where(start, np.arange(len(left)), 0))]
        same = ~start
        for key in keys:
            same &= key[left] == key[head]
        for compare in exact:
            same[same] = compare(left[same], head[same])
        found.append((left[same], head[same]))
        left, group = left[~same & ~start], group[~same & ~start]
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _hash(keys: Keys) -> NDArray[np.uint64]:
    total = np.zeros(len(keys[0]), np.uint64)
    for key in keys:
        total ^= np.ascontiguousarray(key).view(np.uint64)
        for multiplier in _MULTIPLIERS:
            total *= multiplier
            total ^= total >> np.uint64(31)
    return total


def mixed(key: NDArray[np.int64], salt: int) -> NDArray[np.uint64]:
    """Hashes of one column that can be added up over columns, and taken out of the sum again."""
    return _hash([np.full(len(key), salt, np.int64), key])


def arrow_equal(column: pa.ChunkedArray) -> Exact:
    """Equality of a column's own values, where float64 or a code would round them."""

    def compare(rows: Ints, others: Ints) -> Bools:
        a, b = column.take(pa.array(rows)), column.take(pa.array(others))
        try:
            same: Any = pc.or_(pc.equal(a, b).fill_null(False), pc.and_(a.is_null(), b.is_null()))
            return np.asarray(same.to_numpy(zero_copy_only=False), dtype=bool)
        except pa.ArrowNotImplementedError:  # lists and structs
            return np.array([x == y for x, y in zip(a.to_pylist(), b.to_pylist())], dtype=bool)

    return compare
