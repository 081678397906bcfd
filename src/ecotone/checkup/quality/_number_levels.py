"""Numbers that repeat as levels, for codes that vanish or are new between the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecotone.contracts import Floats

from ._empirical_distribution import EmpiricalDistribution
from ._summary import MOST_LEVELS, ColumnSummary

_REPEATED = 0.5  # values, of the rows, up to which they repeat
_FEWEST = 3
_LARGEST = 2.0**53  # beyond, float64 makes some equal


def values_as_levels(a: ColumnSummary, b: ColumnSummary) -> tuple[ColumnSummary, ColumnSummary]:
    """Both columns with the rows of each value as levels, where both tables reach; what lies beyond is a matter of
    ranges. No level where values hardly repeat, are estimates, or are too large to be told apart."""
    held = [_counts(c) for c in (a, b)]
    low, high = (f(v[e] for v, _ in held if len(v)) if all(len(v) for v, _ in held) else np.nan for f, e in _ENDS)
    inside = [(v[keep], n[keep]) for v, n in held for keep in [(v >= low) & (v <= high)]]
    every = np.union1d(*(v for v, _ in inside))
    fit = _FEWEST <= len(every) <= min(_REPEATED * sum(float(n.sum()) for _, n in inside), MOST_LEVELS)
    levels = [{_word(x): int(k) for x, k in zip(v, n)} if fit else {} for v, n in inside]
    return replace(a, levels=levels[0]), replace(b, levels=levels[1])


_ENDS = ((max, 0), (min, -1))


def _counts(c: ColumnSummary) -> tuple[Floats, Floats]:
    """Distinct values, rising, and the rows of each; none where they are estimates."""
    distribution: EmpiricalDistribution = c.distribution
    if (
        distribution.sketched
        or not len(distribution.values)
        or max(abs(distribution.values[0]), abs(distribution.values[-1])) > _LARGEST
    ):
        return np.empty(0), np.empty(0)
    first = np.flatnonzero(np.append(True, distribution.values[1:] != distribution.values[:-1]))
    return distribution.values[first], np.diff(np.append(first, len(distribution.values))).astype(np.float64)


def _word(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
