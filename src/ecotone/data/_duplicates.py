"""Rows that are copies of other rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ecotone.contracts import Bools, Ints

from ._typing import Raw, family, pool

Keys: TypeAlias = Sequence[NDArray[np.int64]]
#: Whether rows equal other rows, pair by pair, in a column that has no exact key.
Exact: TypeAlias = Callable[[Ints, Ints], Bools]

_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))
_NEARLY = 0.9
_FEWEST = 20
_SAMPLE = 10_000
_ROUNDS = 20


def copies(keys: Keys, exact: Sequence[Exact] = (), blanks: Sequence[int | None] = ()) -> Ints:
    """First row that equals each row in every column.

    A row is a copy only if it equals another in all columns including a nearly unique one that has a value: rows
    that agree by chance, as those of a table of few categories do, are not copies.

    Parameters
    ----------
    keys : sequence of (n,) int64
        One array a column; integers equal exactly where the values are (or nearly so, see ``exact``).
    exact : sequence of callables
        Columns to compare themselves where the keys agree: ``(rows, others) -> equal``.
    blanks : sequence of (int or None)
        The key that stands for "missing" in each column, if any does.

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
    rows, heads = equal_rows(keys, exact)
    first = np.arange(len(keys[0]) if keys else 0)
    if len(rows):
        real = beyond_chance(keys, len(first) - len(rows), rows, blanks)
        first[rows[real]] = heads[real]
    return first


def equal_rows(keys: Keys, exact: Sequence[Exact] = ()) -> tuple[Ints, Ints]:
    """Rows that equal an earlier one in every column, and the first such row of each: ``(rows, heads)``."""
    none = np.empty(0, np.int64)
    if not keys or len(keys[0]) < 2:
        return none, none
    hashed = _hash(keys)
    ranked = np.sort(hashed)  # many times faster than the order; most tables have no copies
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


def beyond_chance(keys: Keys, different: int, rows: Ints, blanks: Sequence[int | None] = ()) -> Bools:
    """Whether rows have a value in a nearly unique column, or in two that are among rows that differ.

    The second case is a table with so many copies that no column stays nearly unique; two columns that are,
    copies left out, do not agree by chance.

    Parameters
    ----------
    keys, blanks
        As for :func:`copies`.
    different : int
        Number of rows that are no copies.
    rows : (m,) int64
        The rows in question.

    Returns
    -------
    (m,) bool
    """
    n = len(keys[0])
    many_copies = different >= max(_FEWEST, n / 2)
    needed = _NEARLY * (different if many_copies else n)
    strong, close = np.zeros(len(rows), bool), np.zeros(len(rows), np.int64)
    for key, blank in zip(keys, blanks or [None] * len(keys)):
        # A sample of rows holds at least the whole's share of distinct values, up to chance
        some = key[:: max(1, n // _SAMPLE)]
        if len(np.unique(some)) < 0.9 * needed * len(some) / n:
            continue
        distinct = pc.count_distinct(pa.array(key)).as_py()
        there = key[rows] != blank if blank is not None else np.ones(len(rows), bool)
        strong |= there & (distinct >= _NEARLY * n)
        close += there & many_copies & (distinct >= needed)
        if (strong | (close >= 2)).all():
            break
    real: Bools = strong | (close >= 2)
    return real


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


def leave_out_copies(reference: pa.Table, current: pa.Table, raws: Mapping[str, Raw]) -> tuple[Bools, dict[str, int]]:
    """Which pooled rows are no copies of earlier rows of their table, and how many copies there are.

    Parameters
    ----------
    reference, current : pyarrow.Table
    raws : mapping of str to Raw
        The columns that both tables have, pooled.

    Returns
    -------
    keep : (n_ref + n_cur,) bool
    counts : dict
        ``reference`` and ``current``: copies within the table; ``overlap``: rows of current, copies left out, that
        equal a row of the reference in all columns that both tables have.
    """
    pooled = {name: (raw.key(), raw.blank) for name, raw in raws.items() if raw.family not in ("nested", "mismatch")}
    keep = np.ones(reference.num_rows + current.num_rows, dtype=bool)
    halves = slice(None, reference.num_rows), slice(reference.num_rows, None)
    counts = {}
    for table, half, name in zip((reference, current), halves, ("reference", "current")):
        keys, exact, blanks = _table_keys(table, half, raws, pooled)
        first = copies(keys, exact, blanks)
        if keys:
            keep[half] = first == np.arange(table.num_rows)
        counts[name] = int(table.num_rows - keep[half].sum())
    counts["overlap"] = _overlap(reference, current, raws, pooled, keep)
    return keep, counts


Pooled: TypeAlias = Mapping[str, tuple[NDArray[np.int64], int | None]]


def _table_keys(
    table: pa.Table, half: slice, raws: Mapping[str, Raw], pooled: Pooled
) -> tuple[list[NDArray[np.int64]], list[Exact], list[int | None]]:
    keys: list[NDArray[np.int64]] = []
    exact: list[Exact] = []
    blanks: list[int | None] = []
    for name in table.column_names:
        column = table[name]
        if family(column.type) == "nested":
            exact.append(arrow_equal(column))
            continue
        if name in pooled:
            key, blank = pooled[name]
            key = key[half]
        else:
            raw = pool(name, column, pa.chunked_array([pa.nulls(0)]))
            key, blank = raw.key(), raw.blank
        keys.append(key)
        blanks.append(blank)
        if _rounds(column.type, raws.get(name)):
            exact.append(arrow_equal(column))
    return keys, exact, blanks


def _rounds(t: pa.DataType, raw: Raw | None) -> bool:
    """Whether float64 cannot tell all values of a type apart."""
    if pa.types.is_int64(t) or pa.types.is_uint64(t):
        return raw is None or raw.whole is None
    return bool(pa.types.is_decimal(t) or getattr(t, "unit", "") == "ns")


def _overlap(reference: pa.Table, current: pa.Table, raws: Mapping[str, Raw], pooled: Pooled, keep: Bools) -> int:
    n, whole = reference.num_rows, bool(keep.all())
    if not pooled or any(raw.family == "mismatch" for raw in raws.values()):
        return 0
    keys = [key if whole else key[keep] for key, _ in pooled.values()]
    blanks = [blank for _, blank in pooled.values()]
    split = int(keep[:n].sum())
    exact = []
    for name, raw in raws.items():
        a, b = reference[name], current[name]
        if a.type == b.type and (raw.family == "nested" or _rounds(a.type, raw)):
            both = pa.chunked_array([*a.chunks, *b.chunks], a.type)
            exact.append(arrow_equal(both if whole else both.filter(pa.array(keep))))
        elif raw.family == "nested":
            return 0
    rows, heads = equal_rows(keys, exact)
    across = (rows >= split) & (heads < split)
    if not across.any():
        return 0
    there = beyond_chance([key[:split] for key in keys], split, heads[across], blanks)
    here = beyond_chance([key[split:] for key in keys], len(keys[0]) - split, rows[across] - split, blanks)
    return int((there & here).sum())
