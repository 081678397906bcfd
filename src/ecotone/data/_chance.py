"""Whether rows can be equal by chance: because their columns take few values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Bools, Ints

from ._equal_rows import Keys, mixed

_NEARLY = 0.9
_FEWEST = 20
_SAMPLE = 10_000
_BY_CHANCE = 0.1  # share of the equal pairs that chance may explain


def beyond_chance(
    keys: Keys, different: int, rows: Ints, blanks: Sequence[int | None] = (), among: Ints | None = None
) -> Bools:
    """Whether rows have a value in a nearly unique column, or in two that are among rows that differ.

    The second case is a table with so many copies that no column stays nearly unique; two columns that are,
    copies left out, do not agree by chance.

    Parameters
    ----------
    keys : sequence of (n,) int64
        One array a column; equal where the values are.
    different : int
        Number of rows (of those that count) that are no copies.
    rows : (m,) int64
        The rows in question.
    blanks : sequence of (int or None)
        The key that stands for "missing" in each column, if any does.
    among : (k,) int64 or None
        Rows that count; by default all.

    Returns
    -------
    (m,) bool
    """
    n = len(keys[0]) if among is None else len(among)
    many_copies = different >= max(_FEWEST, n / 2)
    needed = _NEARLY * (different if many_copies else n)
    strong, close = np.zeros(len(rows), bool), np.zeros(len(rows), np.int64)
    step = max(1, n // _SAMPLE)
    for key, blank in zip(keys, blanks or [None] * len(keys)):
        # A sample of rows holds at least the whole's share of distinct values, up to chance
        some = key[::step] if among is None else key[among[::step]]
        if _distinct(some) < 0.9 * needed * len(some) / max(n, 1):
            continue
        distinct = _distinct(key if among is None else key[among])
        there = key[rows] != blank if blank is not None else np.ones(len(rows), bool)
        strong |= there & (distinct >= _NEARLY * n)
        close += there & many_copies & (distinct >= needed)
        if (strong | (close >= 2)).all():
            break
    real: Bools = strong | (close >= 2)
    return real


def _distinct(values: NDArray[Any]) -> int:
    ranked = np.sort(values)  # faster than hashing millions of values
    return int((ranked[1:] != ranked[:-1]).sum()) + (len(ranked) > 0)


def chance_explains(keys: Keys, among: Ints) -> bool:
    r"""Whether the columns, as far as they agree one by one, explain more than a tenth of the pairs of equal rows.

    Let :math:`P` pairs of rows be equal, :math:`P_{-j}` agree in all columns but perhaps the j-th, and a share
    :math:`c_j` of all pairs agree in the j-th. Pairs that agree elsewhere by chance agree in column j, too, with odds
    of about :math:`c_j / (1 - c_j)`, so that chance explains :math:`(P_{-j} - P) c_j / (1 - c_j)` of the equal pairs,
    by whichever column explains most. Copies leave no pairs that agree in all columns but one.

    Parameters
    ----------
    keys : sequence of (n,) int64
    among : (k,) int64
        Rows that count; a sample of them is read.
    """
    some = among[:: max(1, len(among) // _SAMPLE)]
    parts = [mixed(key[some], j) for j, key in enumerate(keys)]
    total = np.zeros(len(some), np.uint64)
    for part in parts:
        total += part
    pairs, equal = len(some) * (len(some) - 1) / 2, _pairs(total)
    explained = 0.0
    for part in parts:
        agree = _pairs(part)
        if agree < pairs:
            explained = max(explained, (_pairs(total - part) - equal) * agree / (pairs - agree))
    return explained > _BY_CHANCE * equal


def _pairs(values: NDArray[np.uint64]) -> float:
    """Pairs of equal values."""
    counts = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1)).sum() / 2)
