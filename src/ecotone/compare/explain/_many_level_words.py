"""What happened to a category of very many codes: codes never seen before, and codes that are gone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ecotone.compare.two_sample._many_levels import MANY, many_levels
from ecotone.compare.two_sample._repeated_numbers import repeated
from ecotone.contracts import Floats, Ints
from ecotone.data import Column

_CHANCE = math.log(0.002)
_CLEAR = 2.0  # times what chance gives for free rows, from which on it is told of rows that belong to units


def has_many(column: Column) -> bool:
    """Whether the levels of a column are tested, and told, all together."""
    return column.kind == "category" and len(column.levels) > MANY


def all_codes(column: Column) -> tuple[Ints, int]:
    """(n,) codes of all levels, none merged, and how many there are."""
    if column.every is None:
        return column.codes, len(column.levels)
    return column.every.codes, len(column.every.names)


def many_level_words(reference: Column, current: Column, *, units: bool, facts: dict[str, Any]) -> list[str]:
    """Words on codes in one table only, beside what chance would give; that is not told where rows belong to units."""
    sides = [all_codes(c) for c in (reference, current)]
    counts = np.stack([np.bincount(codes[codes >= 0], minlength=size) for codes, size in sides])
    return _one_sided_words(counts, counts[1].sum(), "code", units=units, facts=facts)


def value_words(r: Floats, c: Floats, facts: dict[str, Any]) -> list[str]:
    """The same of numbers that repeat, where both tables reach: beyond, their ranges say it."""
    if not len(r) or not len(c) or not repeated(np.concatenate([r, c])):
        return []
    low, high = max(r.min(), c.min()), min(r.max(), c.max())
    inside = [v[(v >= low) & (v <= high)] for v in (r, c)]
    if not all(len(v) for v in inside):
        return []
    values, codes = np.unique(np.concatenate(inside), return_inverse=True)
    sides = codes[: len(inside[0])], codes[len(inside[0]) :]
    counts = np.stack([np.bincount(s, minlength=len(values)) for s in sides])
    return _one_sided_words(counts, len(c), "value", units=False, facts=facts)


def _one_sided_words(counts: Ints, rows: int, what: str, *, units: bool, facts: dict[str, Any]) -> list[str]:
    found = many_levels(counts)
    (share, expected), (gone, chance) = found.unseen, found.gone
    share, expected = (part * float(counts[1].sum()) / rows for part in (share, expected))
    words = []
    if share > _CLEAR * expected if units else found.parts.get("new", 0.0) < _CHANCE:
        facts["unseen"] = {"share": share, "expected": None if units else expected, "codes": found.new[0]}
        beside = "" if units else f" ({_per_cent(expected)} expected by chance)"
        words.append(f"{_per_cent(share)} of the rows have {what}s never seen before{beside}")
    if gone > _CLEAR * chance if units else found.parts.get("gone", 0.0) < _CHANCE:
        facts["gone"] = {"codes": gone, "expected": None if units else chance}
        beside = "" if units else f" ({chance:,.0f} expected)"
        words.append(f"{gone:,} {what}s are gone{beside}" if gone != 1 else f"1 {what} is gone{beside}")
    return words


def _per_cent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.2g} %"
