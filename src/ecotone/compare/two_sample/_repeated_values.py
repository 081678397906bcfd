"""Columns whose values repeat, and so may name what rows were drawn by; how their levels fall on the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Bools, Floats, Ints, as_seed
from ecotone.data import Column, Pair

from ._ordering_keys import windows

MOST_ROWS = 50_000  # above, whole levels are drawn
MANY_LEVELS = 5000  # up to so many, all levels are looked at
MOST_OF_ONE = 0.5  # share of the rows that one value may have: a home country names no entity
FEWEST_REPEATED = 10  # levels that occur twice, below which likeness within them cannot be told; chosen, not tuned
REPEATED_SHARE = 0.1  # of the rows: what fewer share may be missed (docs/guarantees.md); chosen, not tuned


@dataclass(frozen=True)
class Repeated:
    """A column that may name what rows were drawn by.

    Parameters
    ----------
    name : str
    rows : (k,) int64 or None
        The pooled rows of the levels that were drawn, ascending; None: all rows.
    level : (k,) int64
        Numbered from 0 without gaps, in the order of the values; -1 where missing.
    ordered : bool
    tested : bool
        Whether the column is itself part of the verdict.
    """

    name: str
    rows: Ints | None
    level: Ints
    ordered: bool
    tested: bool


def repeated_values(pair: Pair, seed: int) -> list[Repeated]:
    """Categories, texts, identifiers, whole numbers and date-times whose values repeat; fractions never."""
    out = []
    for k, (name, a, b, tested) in enumerate(_candidates(pair)):
        values = np.concatenate([every_value(a), every_value(b)])
        ordered = a.kind in ("ordinal", "count", "numeric", "datetime")
        if ordered and a.kind != "datetime" and not _whole(values):
            continue
        drawn = _drawn(values, as_seed(seed, 907, k))
        if drawn is not None and _repeats(drawn[1]):
            out.append(Repeated(name, *drawn, ordered, tested))
    return out


def _candidates(pair: Pair) -> Iterator[tuple[str, Column, Column, bool]]:
    for name, (a, b) in pair.aside.items():
        yield name, a, b, name in pair.reference.columns
    for c in pair.reference:
        if c.kind in ("category", "ordinal", "count", "numeric") and c.name not in pair.aside:
            yield c.name, c, pair.current[c.name], True


def every_value(column: Column) -> Floats:
    """(n,) values with no levels merged, NaN where missing."""
    if column.every is None:
        return column.values
    return np.where(column.every.codes < 0, np.nan, column.every.codes.astype(np.float64))


def _whole(values: Floats) -> bool:
    for part in (values[:1000], values):  # most columns show it at once
        present = part[~np.isnan(part)]
        if not np.isfinite(present).all() or (present != np.floor(present)).any():
            return False
    return True


def _drawn(values: Floats, rng: np.random.Generator) -> tuple[Ints | None, Ints] | None:
    """Rows and levels of all values, or of values drawn at random where there are very many rows."""
    gone = np.isnan(values)
    present = values[~gone]
    if len(present) < 2 * FEWEST_REPEATED:
        return None
    low, high = float(present.min()), float(present.max())
    dense = high - low < 4 * len(values) and bool((present == np.floor(present)).all())
    keep: Bools | None = None
    if len(values) > MOST_ROWS and not (dense and high - low < MANY_LEVELS):
        share = MOST_ROWS / len(values)
        keep = _hash(values, int(rng.integers(1 << 62))) < share * 2.0**32
        keep &= ~gone
        values, gone = values[keep], gone[keep]
        if len(values) < MOST_ROWS / 50:
            return None
    if dense:
        code = np.where(gone, -1, values - low).astype(np.int64)
        held = np.bincount(code[code >= 0])
        number = np.cumsum(held > 0) - 1
        level = np.where(code < 0, -1, number[np.maximum(code, 0)])
    else:
        level = np.unique(values, return_inverse=True)[1].astype(np.int64)
        level[gone] = -1
    return (None if keep is None else np.flatnonzero(keep)), level


def _hash(values: Floats, salt: int) -> Ints:
    """(n,) numbers below 2**32, equal for equal values and otherwise as if random (Murmur's last steps)."""
    with np.errstate(over="ignore"):
        h = (values + 0.0).view(np.uint64) ^ np.uint64(salt)
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            h = (h ^ (h >> np.uint64(33))) * np.uint64(factor)
    return np.asarray((h >> np.uint64(32)).astype(np.int64))


def _repeats(level: Ints) -> bool:
    count = np.bincount(level[level >= 0], minlength=1)
    twice = count[count >= 2]
    rows = len(level)
    return bool(
        len(twice) >= FEWEST_REPEATED and twice.sum() >= REPEATED_SHARE * rows and count.max() <= MOST_OF_ONE * rows
    )


@dataclass(frozen=True)
class Exclusive:
    """How many levels that repeat are in one table only, beside what independent rows would give.

    ``seen`` of ``levels``, ``expected`` by chance; ``xi`` is 0 where as expected and 1 where no level is shared;
    ``few`` are those of the table that has fewer. ``disjoint``: values of an ordered column that overlap nowhere.
    """

    seen: int
    levels: int
    expected: float
    xi: float
    z: float
    few: int
    disjoint: bool = False


def exclusive(counts: Ints, window: Ints | None, fewest: int) -> Exclusive:
    """Of the (2, levels) counts of each table; ``window`` of each level where values have an order."""
    total = counts.sum(0)
    share = counts[1].sum() / max(int(counts.sum()), 1)
    f = np.full(counts.shape[1], share)
    disjoint = False
    if window is not None:
        inside = np.bincount(window, counts[1]) / np.maximum(np.bincount(window, total), 1)
        mixed = (inside > 0.05) & (inside < 0.95)
        disjoint = bool(np.bincount(window, total)[mixed].sum() < 0.1 * total.sum())
        f = f if disjoint else inside[window]
    at = total >= fewest
    h = f[at] ** total[at] + (1 - f[at]) ** total[at]
    lone = np.minimum(counts[0, at], counts[1, at]) == 0
    seen, expected = int(lone.sum()), float(h.sum())
    room, spread = float((1 - h).sum()), float((h * (1 - h)).sum())
    xi = (seen - expected) / room if room > 1e-9 else 0.0
    z = (seen - expected) / np.sqrt(spread) if spread > 1e-12 else 0.0
    few = int(min((counts[0, at] > 0)[lone].sum(), (counts[1, at] > 0)[lone].sum()))
    return Exclusive(seen, int(at.sum()), expected, float(xi), float(z), few, disjoint)


def level_windows(counts: Ints) -> Ints:
    """Windows of at least ten consecutive values and forty rows."""
    return windows(counts.sum(0), 10, 40)
