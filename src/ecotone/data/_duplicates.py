"""Rows that are copies of other rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Bools, Ints

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def copies(keys: Sequence[NDArray[np.int64]]) -> Ints:
    """First row that equals each row in every column.

    A row is a copy only if it equals another in all columns including a nearly unique one: rows that agree by
    chance, as those of a table of few categories do, are not copies.

    Parameters
    ----------
    keys : sequence of (n,) int64
        One array a column; integers equal exactly where the values are.

    Returns
    -------
    (n,) int64
        The row's own position, or that of the first row of which it is a copy.

    Examples
    --------
    >>> copies([np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 0]), np.ones(10, int)])
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 0])
    >>> copies([np.array([0, 1, 0, 1]), np.ones(4, int)])
    array([0, 1, 2, 3])
    """
    n = len(keys[0]) if keys else 0
    first = np.arange(n)
    if n < 2:
        return first
    hashed = _hash(keys)
    order = np.argsort(hashed, kind="stable")
    new = np.r_[True, hashed[order][1:] != hashed[order][:-1]]
    if new.all():
        return first
    # Rows of one hash, each against the first of them: exact, whatever collides
    head = order[np.maximum.accumulate(np.where(new, np.arange(n), 0))]
    rows, heads = order[~new], head[~new]
    for key in keys:
        same = key[rows] == key[heads]
        rows, heads = rows[same], heads[same]
    if len(rows) and _beyond_chance(keys, n - len(rows)):
        first[rows] = heads
    return first


def _hash(keys: Sequence[NDArray[np.int64]]) -> NDArray[np.uint64]:
    total = np.zeros(len(keys[0]), np.uint64)
    for key in keys:
        total ^= np.ascontiguousarray(key).view(np.uint64)
        total *= _GOLDEN
        total ^= total >> np.uint64(29)
        total *= _MIX
        total ^= total >> np.uint64(32)
    return total


def _beyond_chance(keys: Sequence[NDArray[np.int64]], different: int) -> bool:
    """Whether a column is nearly unique, or two are among rows that differ.

    The second case is a table with so many copies that no column stays nearly unique: two columns that are,
    copies left out, do not agree by chance.
    """
    n, close = len(keys[0]), 0
    for key in keys:
        distinct = len(np.unique(key))
        if distinct >= 0.9 * n:
            return True
        close += distinct >= 0.9 * different and 2 * different >= n
        if close == 2:
            return True
    return False


def kept(first: Ints) -> Bools:
    """(n,) True for rows that are no copies of earlier ones."""
    own: Bools = first == np.arange(len(first))
    return own
