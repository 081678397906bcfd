"""Columns whose order matters, as the user says: which order, and the values as places in it."""

from __future__ import annotations

import re

import numpy as np

from ._number_kinds import ordered_numbers
from ._pooled_column import PooledColumn
from ._table import Column
from ._typed import Typed, lone

_SHOWN = 6  # levels that a note names

#: Words whose order everybody knows, each scale from low to high.
SCALES: tuple[tuple[str, ...], ...] = (
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("tiny", "small", "medium", "large", "huge"),
    ("very low", "low", "medium", "high", "very high"),
    ("very poor", "poor", "fair", "good", "very good", "excellent"),
    ("never", "rarely", "sometimes", "often", "always"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
     "december"),
)  # fmt: skip


def ordinal_kind(raw: PooledColumn) -> Typed:
    """Numbers and date-times by value, text by its scale."""
    if raw.family != "text":
        return ordered_numbers(raw)
    words = [str(w) for w in raw.dictionary.to_pylist()]
    if len(words) == 1:
        return lone(raw, words[0])
    levels, how = scale(words, raw.ordered)
    place = {level: k for k, level in enumerate(levels)}
    values = np.array([*(float(place[w]) for w in words), np.nan])[raw.codes]
    shown = [level[:30] for level in levels]
    if len(shown) > _SHOWN:
        shown = [*shown[: _SHOWN - 1], "…", shown[-1]]
    note = f"{raw.name}: compared by rank in the order {' < '.join(shown)} ({how})"
    return Typed((Column(raw.name, "ordinal", values, levels),), notes=(note,))


def scale(words: list[str], declared: tuple[str, ...] = ()) -> tuple[tuple[str, ...], str]:
    """Levels from low to high, and where the order comes from.

    A table's own ordered categories come first, then words of a well-known scale, then numbers inside the text
    (``"9-10" < "10-11"``), then the alphabet.
    """
    if declared and set(words) <= set(declared):
        held = set(words)
        return tuple(w for w in declared if w in held), "the tables' own ordered categories"
    for known in SCALES:
        places = [known.index(w) for word in words if (w := " ".join(word.lower().split())) in known]
        if len(places) == len(words) and len(set(places)) == len(places):
            return tuple(w for _, w in sorted(zip(places, words))), "a well-known scale"
    ordered = tuple(sorted(words, key=_natural))
    if any(re.search(r"\d", w) for w in words):
        return ordered, "by the numbers in the text; declare ordered categories for another"
    return ordered, "alphabetical; declare ordered categories for another"


def _natural(word: str) -> tuple[list[tuple[int, float, str]], str]:
    """Runs of digits compare as numbers; of "<5" and "5-9" the first begins lower."""
    bare = re.sub(r"^\s*(<|>|under|below|up to|over|above)\s*=?\s*", "", word, flags=re.I)
    lower = bool(re.match(r"^\s*(<|under|below|up to)", word, re.I))
    parts = [
        (0, float(part), "") if part[0].isdigit() else (1, 0.0, part.casefold())
        for part in re.findall(r"\d+(?:\.\d+)?|\D+", bare)
    ]
    return ([(-1, 0.0, ""), *parts] if lower else parts), word
