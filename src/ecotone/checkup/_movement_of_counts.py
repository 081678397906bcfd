"""How columns moved, from counts alone: mean and median, the shares of levels."""

from __future__ import annotations

from typing import Any

from ecotone.checkup.quality import Facts
from ecotone.compare.explain import Movement
from ecotone.compare.explain._movement_levels import level_words, rates_differ, shares_moved
from ecotone.compare.explain._movement_words import change, percent
from ecotone.data import CODED, ORDERED, ColumnCounts, CountedPair


def movements_of_counts(both: CountedPair, facts: Facts) -> dict[str, Movement]:
    """The movement of every column of counts, by name."""
    return {column.name: _movement(column, both.n, facts) for column in both.columns}


def _movement(column: ColumnCounts, n: tuple[int, int], facts: Facts) -> Movement:
    found: dict[str, Any] = {}
    words = []
    gone = column.counts[:, -1] / column.counts.sum(axis=1).clip(1)
    rates = float(gone[0]), float(gone[1])
    if rates_differ(rates, (float(n[0]), float(n[1]))):
        found["missing"] = rates
        words.append(f"missing {percent(rates[0])} → {percent(rates[1])}")
    left = n[0] * (1 - rates[0]), n[1] * (1 - rates[1])
    if column.kind in CODED and min(left) >= 1:
        words += shares_moved(column.counts[:, :-1], column.levels, left, found)
        words += level_words(found["most"]) if "most" in found else []
    elif column.kind in ORDERED:
        words += _numbers(column.name, facts, found)
    return Movement(column.name, "; ".join(words), found)


def _numbers(name: str, facts: Facts, found: dict[str, Any]) -> list[str]:
    entry = next((c for c in facts.quality.columns if c.name == name), None)
    if entry is None or entry.reference is None or entry.current is None:
        return []
    a, b = entry.reference, entry.current
    if a.mean is None or b.mean is None or a.median is None or b.median is None or a.family != "number":
        return []
    found.update(mean=(a.mean, b.mean), median=(a.median, b.median))
    return [f"mean {change(a.mean, b.mean)}, median about {change(a.median, b.median)}"]
