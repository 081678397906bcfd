"""Which columns determine others in all rows, and no accident: found by what the rows show."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import gammaln

from ecotone.contracts import Floats, Ints

from ._arrow import ColumnCodec
from ._level_codec import LevelCodec
from ._rules import PARTS, Rule, has_parts, part_of, same

_EVIDENCE = 20.0  # nats, beyond those of the pairs that are tried
_FIRST = 1000  # rows that refute most pairs
_MOST_KEYS = 20_000
_RUN, _MOST_RUNS = 20, 200  # rows for each step, on average; steps
_FEW = 8  # fewer different values may lie on a line by chance


class _Column:
    """One column's values ``(n,)``, with their places among the different ones."""

    def __init__(self, codec: ColumnCodec, values: Floats) -> None:
        self.codec, self.values = codec, values
        self.keys, self.place = np.unique(values, return_inverse=True)
        self.first = np.zeros(len(self.keys), np.int64)
        self.first[self.place[::-1]] = np.arange(len(values))[::-1]
        self.order = np.argsort(values[:_FIRST], kind="stable")
        self.numeric = not isinstance(codec, LevelCodec)
        self.parts: dict[str, _Column] = {}

    def determines(self, other: _Column) -> bool:
        """Whether rows of one value here have one value there."""
        for rows in (slice(0, _FIRST), slice(_FIRST, None)):
            if (other.place[rows] != other.place[self.first[self.place[rows]]]).any():
                return False
        return True


def known_values(codec: ColumnCodec, values: Floats) -> Floats:
    """The different values of a column ``(k,)``, rising; beyond 20 000 some of them."""
    if isinstance(codec, LevelCodec):
        return np.arange(len(codec.levels) + len(codec.rare), dtype=np.float64)
    found: Floats = np.unique(values[~np.isnan(values)])
    return np.asarray(found[:: max(-(-len(found) // _MOST_KEYS), 1)], np.float64)


def fit_rules(codecs: tuple[ColumnCodec, ...], values: Floats) -> tuple[Rule, ...]:
    """The rules that hold in all rows ``(n, d)`` of the columns' values; see :class:`Rule`.

    A rule counts where its rows would follow it by accident with a probability below about exp(-20), were they put in
    another order: copies of the whole table aside, and with at least two rows for each value of a table.
    """
    rows, counts = np.unique(values, axis=0, return_counts=True)
    rows = np.repeat(rows, counts // np.gcd.reduce(counts), axis=0)  # files appended to themselves are read once
    rows = rows[np.random.default_rng(0).permutation(len(rows))]
    columns = [_Column(codec, rows[:, j]) for j, codec in enumerate(codecs)]
    for column in columns:
        if has_parts(column.codec):
            parts = {part: part_of(column.codec, column.values, part) for part in PARTS}
            column.parts = {k: _Column(column.codec, v) for k, v in parts.items() if len(np.unique(v)) > 1}
    enough = _EVIDENCE + 2 * np.log(len(columns))
    found: dict[tuple[int, int], Rule] = {}
    leaders: list[int] = []
    for i, source in enumerate(columns):
        if len(source.keys) < 2:
            continue
        back = ((k, _rule(source, columns[k], enough)) for k in leaders if (k, i) in found)
        twin = next(((k, rule) for k, rule in back if rule is not None), None)
        if twin is not None:  # the earlier column says all else that this one does
            found[i, twin[0]] = twin[1]
            continue
        leaders.append(i)
        rules = ((j, _rule(source, column, enough)) for j, column in enumerate(columns) if j != i)
        found |= {(i, j): rule for j, rule in rules if rule is not None}
    return tuple(found.values())


def _rule(a: _Column, b: _Column, enough: float) -> Rule | None:
    if len(b.keys) < 2:
        return None
    if a.numeric and b.numeric and (line := _line(a, b)) is not None:
        return line
    if not a.determines(b) or len(a.keys) < len(b.keys):
        return None
    if (rule := _of_parts(a, b, enough)) is not None:
        return rule
    if a.numeric and (steps := _steps(a, b, enough)) is not None:
        return steps
    return _table(a, b, enough)


def _of_parts(a: _Column, b: _Column, enough: float) -> Rule | None:
    """A part of dates that the target is, or a line of one; else the part of fewest values that determines it."""
    lines = ((name, _line(part, b, fewest=2)) for name, part in a.parts.items() if b.numeric)
    tables = ((name, _table(part, b, enough)) for name, part in a.parts.items() if part.determines(b))
    found = [(name, rule) for name, rule in lines if rule is not None] or [
        (name, rule) for name, rule in tables if rule is not None
    ]
    name, rule = min(found, key=lambda some: (len(some[1].keys), PARTS.index(some[0])), default=("", None))
    return None if rule is None else replace(rule, part=name)


def _line(a: _Column, b: _Column, fewest: int = _FEW) -> Rule | None:
    """A line through all rows; through fewer than eight different values only where both columns are equal."""
    if len(a.keys) < fewest or not _collinear(a.values[:_FIRST], b.values[:_FIRST]):
        return None
    known = ~np.isnan(a.values) & ~np.isnan(b.values)
    x, y = a.values[known], b.values[known]
    if len(np.unique(x)) < fewest or (np.isnan(b.values) & ~np.isnan(a.values)).any():
        return None
    low, high = int(x.argmin()), int(x.argmax())
    slope = (y[high] - y[low]) / (x[high] - x[low])
    if not slope:
        return None
    slope = float(np.rint(slope)) if abs(slope - np.rint(slope)) < 1e-9 * abs(slope) else _short(slope, abs(slope))
    shift = _short(y[low] - slope * x[low], float(np.abs(y).max()))
    if len(a.keys) < _FEW and (slope, shift) != (1.0, 0.0):
        return None
    off = np.abs(slope * x + shift - y)
    lattice = getattr(b.codec, "unit", 0.0) > 0
    if (off > (1e-6 if lattice else 1e-10 * np.abs(y).max())).any():
        return None
    return Rule(a.codec.name, b.codec.name, "line", slope=slope, shift=shift, gap=_gap(a, b))


def _short(value: float, scale: float) -> float:
    """A number of twelve digits at most where it is one to rounding: encoded values are off by the last digits."""
    short = round(float(value), 11 - math.floor(math.log10(scale))) if 1e-200 < scale < 1e200 else float(value)
    return short if abs(short - value) <= 1e-13 * scale else float(value)


def _collinear(x: Floats, y: Floats) -> bool:
    """Whether no row of the first is plainly off the line through two of them."""
    known = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[known], y[known]
    if len(x) < 2 or x.min() == x.max():
        return True
    low, high = int(x.argmin()), int(x.argmax())
    fit = y[low] + (y[high] - y[low]) * ((x - x[low]) / (x[high] - x[low]))
    return bool((np.abs(fit - y) <= 1e-6 * max(float(np.ptp(y)), 1e-300) + 1e-6).all())


def _gap(a: _Column, b: _Column) -> float | None:
    """What the target is where the source is missing; None where that differs."""
    there = b.values[np.isnan(a.values)]
    return float(there[0]) if len(there) and same(there, there[0]).all() else None


def _table(a: _Column, b: _Column, enough: float) -> Rule | None:
    n, k = len(a.values), len(a.keys)
    if k > min(n / 2, _MOST_KEYS):
        return None
    held = b.place[a.first]
    if _arrangements(b.place) - _arrangements(held) < enough:
        return None
    keys, values = a.keys, b.keys[held]
    known = ~np.isnan(keys)
    return Rule(a.codec.name, b.codec.name, "table", "", keys[known], values[known], gap=_gap(a, b))


def _steps(a: _Column, b: _Column, enough: float) -> Rule | None:
    some = b.place[:_FIRST][a.order]
    if (np.diff(some) != 0).sum() > _MOST_RUNS:
        return None
    known = ~np.isnan(a.keys)
    keys, held = a.keys[known], b.place[a.first][known]
    ends = np.flatnonzero(np.diff(held))  # the last key of a run, but of the last one
    runs = len(ends) + 1
    if not 2 <= runs <= min(_MOST_RUNS, len(a.values) // _RUN):
        return None
    chosen = np.unique([0, *ends, *(ends + 1), len(keys) - 1])
    if _arrangements(b.place) - _arrangements(held[chosen]) - runs * np.log(len(keys)) < enough:
        return None
    return Rule(a.codec.name, b.codec.name, "steps", "", keys[chosen], b.keys[held[chosen]], gap=_gap(a, b))


def _arrangements(place: Ints) -> float:
    """Log of the number of orders in which so many of each value can stand."""
    counts: Any = np.bincount(place)
    return float(gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())
