"""What broke in a column: plain facts that no test gates and that cost no alpha."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from ._number_levels import values_as_levels
from ._summary import ColumnSummary, iso
from ._tail import FEWEST, breaks_out, tail_index
from ._words import apart, level, number, rows, share

_FIRST = 5  # rows of which one is no accident: what one table has so often, the other would have by chance, too
_YEAR_2100, _YEAR_1900 = 4_102_444_800.0, -2_208_988_800.0
_SHARE = 0.01  # of the rows, beyond what chance has in values of one table alone
_MOST_NAMED = 3


@dataclass(frozen=True)
class Break:
    """One fact about a column that holds for one table and not for the other.

    Parameters
    ----------
    column : str
    what : str
        ``range``, ``sign``, ``dates``, ``missing``, ``empty``, ``infinite``, ``fraction``, ``constant``, ``repeats``,
        ``unseen`` or ``vanished``.
    sentence : str
        Without the column's name.
    notable : bool
        Whether it is more than the ordinary run of things: those lead, the others stay in the table.
    bare : str
        The sentence without any value of a row.
    """

    column: str
    what: str
    sentence: str
    notable: bool
    bare: str


def breaks(a: ColumnSummary, b: ColumnSummary) -> tuple[Break, ...]:
    """What of ``b`` (current) breaks with ``a`` (the reference), the same column of both."""
    found = [*_presence(a, b)]
    if a.present and b.present and a.family == b.family:
        if a.family == "number":
            found += [*_numbers(a, b)]
        elif a.family == "time":
            found += [*_dates(a, b)]
        if a.levels is not None and b.levels is not None and not (_unique(a) and _unique(b)):
            found += [*_levels(a, b)]
        elif a.family == "number":
            found += [b for b in _levels(*values_as_levels(a, b), single=False) if b.notable]
        found += [*_constant(a, b), *_repeats(a, b)]
    return tuple(found)


def _unique(c: ColumnSummary) -> bool:
    """Hardly a value repeats: new ones are no news."""
    return c.distinct is not None and c.distinct >= 0.9 * c.present and c.present >= FEWEST


def _least(here: float, there: float) -> float:
    """Rows of one table that are no accident where the other has none: five, times the rows that one stands for."""
    return _FIRST * max(1.0, here / max(there, 1.0))


def _made(c: ColumnSummary, what: str, sentence: str, notable: bool, bare: str = "") -> Break:
    return Break(c.name, what, sentence, bool(notable), bare or sentence)


def _presence(a: ColumnSummary, b: ColumnSummary) -> Iterator[Break]:
    if a.present and not b.present:
        yield _made(a, "empty", "has no value any more", True)
    elif b.present and not a.present:
        yield _made(a, "empty", "had no value before, has some now", True)
    elif b.missing and not a.missing:
        words = f"first missing values: {rows(b.missing)}"
        yield _made(a, "missing", words, b.missing >= _least(b.rows, a.rows))
    if b.infinite and not a.infinite:
        yield _made(a, "infinite", f"first infinite values: {rows(b.infinite)}", True)


def _numbers(a: ColumnSummary, b: ColumnSummary) -> Iterator[Break]:
    if a.low is None or b.low is None or a.high is None or b.high is None:
        return
    if b.high > a.high:
        out = _counted(b, b.distribution.above(float(a.high)))
        words = f"max {' → '.join(apart(a.high, b.high))}"
        bare = f"{out} above anything seen before"
        yield _made(
            a,
            "range",
            f"{words} ({out} above)" if out else words,
            breaks_out(a.distribution, b.distribution),
            bare.strip(),
        )
    negative = a.low >= 0 > b.low
    if b.low < a.low:
        out = _counted(b, b.distribution.below(0.0 if negative else float(a.low)))
        words = f"min {' → '.join(apart(a.low, b.low))}"
        broken = breaks_out(a.distribution.mirrored(), b.distribution.mirrored())
        if negative:
            bare = "first negative values" + (f": {out}" if out else "")
            yield _made(a, "sign", f"{bare} ({words})", broken or _ends_at_zero(a), bare)
        else:
            bare = f"{out} below anything seen before"
            yield _made(a, "range", f"{words} ({out} below)" if out else words, broken, bare.strip())
    if a.whole and not b.whole and a.distribution.rows >= FEWEST:
        odd = _counted(b, float(np.sum(b.distribution.values != np.floor(b.distribution.values))))
        yield _made(a, "fraction", "whole numbers before, fractions now" + (f" ({odd})" if odd else ""), True)


def _counted(c: ColumnSummary, count: float) -> str:
    """So many rows, where each was counted: a sketch's estimate is not told."""
    return "" if c.distribution.sketched else rows(count)


def _ends_at_zero(a: ColumnSummary) -> bool:
    """Whether the reference looks as if nothing could lie below zero: it reaches it, crowds above it, or is far off."""
    low, middle = float(a.low or 0), a.distribution.median
    if a.distribution.rows < FEWEST:
        return False
    if low == 0 or middle <= 0:
        return low == 0
    first = -float(a.distribution.mirrored().top(max(0.01 * a.distribution.rows, _FIRST))[0][-1])
    reach = middle - low
    return first - low <= 0.12 * reach or (low >= 0.5 * reach and tail_index(a.distribution.mirrored()) <= 0.25)


def _dates(a: ColumnSummary, b: ColumnSummary) -> Iterator[Break]:
    if a.low is None or b.low is None or a.high is None or b.high is None:
        return
    if b.high > _YEAR_2100 and not a.high > _YEAR_2100:
        words = _dates_word(b, b.distribution.above(_YEAR_2100), "after 2100")
        yield _made(a, "dates", f"{words} (latest {iso(b.high)})", True, words)
    if b.low < _YEAR_1900 and not a.low < _YEAR_1900:
        words = _dates_word(b, b.distribution.below(_YEAR_1900), "before 1900")
        yield _made(a, "dates", f"{words} (earliest {iso(b.low)})", True, words)


def _dates_word(c: ColumnSummary, count: float, when: str) -> str:
    if c.distribution.sketched:
        return f"dates {when}"
    return f"{round(count):,} date{'' if round(count) == 1 else 's'} {when}"


def _constant(a: ColumnSummary, b: ColumnSummary) -> Iterator[Break]:
    for one, other, words in ((b, a, "constant now"), (a, b, "constant before, varies now")):
        if one.distinct != 1 or other.distinct is None or other.distinct < 2 or one.present < 2:
            continue
        value = _only(one)
        held = _held(other, one)
        others = other.present - held
        told = f"{words}: {value}" if one is b else f"{words} (was {value}; {other.distinct:,} values now)"
        yield _made(a, "constant", told, others >= _least(other.present, one.present), words)


def _only(c: ColumnSummary) -> str:
    if c.levels:
        return level(next(iter(c.levels)))
    return str(iso(c.low)) if c.family == "time" else number(c.low)


def _held(c: ColumnSummary, constant: ColumnSummary) -> float:
    """Rows of a column that hold the only value of the other."""
    if constant.levels and c.levels is not None:
        return float(c.levels.get(next(iter(constant.levels)), 0))
    return c.distribution.equal(float(constant.low)) if constant.low is not None else 0.0


def _repeats(a: ColumnSummary, b: ColumnSummary) -> Iterator[Break]:
    if a.estimated or b.estimated or a.distinct is None or b.distinct is None or a.present < FEWEST:
        return
    if a.family not in ("text", "number") or (a.family == "number" and not a.whole):
        return
    again = b.present - b.infinite - b.distinct
    if a.distinct == a.present and again > 0:
        yield _made(
            a, "repeats", f"every value was unique, {rows(again)} repeat one now", again >= _least(b.rows, a.rows)
        )


def _levels(a: ColumnSummary, b: ColumnSummary, *, single: bool = True) -> Iterator[Break]:
    """``single``: one level is news by itself where it has enough rows; of numbers only what all have beyond chance."""
    assert a.levels is not None and b.levels is not None
    for one, other, what in ((b, a, "unseen"), (a, b, "vanished")):
        assert one.levels is not None and other.levels is not None
        lone = {k: count for k, count in one.levels.items() if k not in other.levels}
        if not lone:
            continue
        held = sum(lone.values())
        least = _least(one.present, other.present) + math.log2(len(a.levels))
        expected, spread = _expected(one, other)
        beyond = held - expected >= max(least, 5 * spread, _SHARE * one.present)
        notable = beyond or (single and max(lone.values()) >= least)
        yield _made(a, what, _lone_words(lone, one, what, expected), notable, _lone_count(lone, one, what))


def _expected(one: ColumnSummary, other: ColumnSummary) -> tuple[float, float]:
    """Rows of values in this table alone if the rows of both were dealt out at random, and their spread."""
    assert one.levels is not None and other.levels is not None
    counts = (one.levels.get(k, 0) + other.levels.get(k, 0) for k in {**one.levels, **other.levels})
    pooled = np.fromiter(counts, np.float64)
    n, m = float(one.present), float(other.present)
    # all t rows of a value in this table: C(n, t) / C(n + m, t)
    t = pooled[pooled <= n]
    g = special.gammaln
    chance = np.exp(g(n + 1) - g(n - t + 1) - g(n + m + 1) + g(n + m - t + 1))
    return float(t @ chance), math.sqrt(float(t**2 @ (chance * (1 - chance))))


def _lone_count(lone: Mapping[str, int], one: ColumnSummary, what: str) -> str:
    many = f"{len(lone):,} value{'s' if len(lone) > 1 else ''}"
    part = share(sum(lone.values()) / one.present)
    return (
        f"{many} never seen before, in {part} of the rows"
        if what == "unseen"
        else f"{many} gone, {part} of the rows before"
    )


def _lone_words(lone: Mapping[str, int], one: ColumnSummary, what: str, expected: float) -> str:
    first = sorted(lone, key=lambda k: (-lone[k], k))[:_MOST_NAMED]
    if len(lone) <= _MOST_NAMED:
        told = ", ".join(f"{level(k)} ({share(lone[k] / one.present)})" for k in first)
        return f"never seen before: {told}" if what == "unseen" else f"gone: {told}"
    chance = f" ({share(expected / one.present)} expected by chance)" if expected >= 0.5 else ""
    return f"{_lone_count(lone, one, what)}{chance}, such as {', '.join(map(level, first))}"
