"""From pooled text to features: sentences, identifiers, categories."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import Ints

from ._identifiers import FEWEST_FOR_ID, distinct_share, nearly_unique
from ._pooled_column import PooledColumn
from ._table import AllLevels, Column
from ._typed import Typed, indicator, lone, set_aside

#: A category keeps this many levels; the others share one.
MOST_LEVELS = 200

UUID = r"^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$"


def text_kind(raw: PooledColumn) -> Typed:
    there = ~raw.missing
    n, distinct = int(there.sum()), len(raw.dictionary)
    if distinct == 1:
        return lone(raw, raw.dictionary[0].as_py())
    values = np.where(raw.codes < 0, np.nan, raw.codes.astype(np.float64))
    if not raw.declared and distinct >= FEWEST_FOR_ID and distinct >= 0.5 * n and _is_prose(raw.dictionary):
        return _prose(raw)
    if distinct >= 0.45 * n and nearly_unique(raw.codes[there], int(there[: raw.split].sum())):
        return set_aside(raw, "id", "identifier: nearly every value is unique, so values differ by design", values)
    if distinct > MOST_LEVELS and distinct >= 0.5 * n:
        return set_aside(raw, "id", f"identifier: {distinct} values with hardly any repetition", values)
    if n >= FEWEST_FOR_ID and pc.all(pc.match_substring_regex(raw.dictionary, UUID)).as_py():
        return set_aside(raw, "id", "identifier: UUIDs differ by design", values)
    return _category(raw, MOST_LEVELS)


def _is_prose(words: pa.Array) -> bool:
    """Three words or more and twenty characters or more, on average."""
    some = words.slice(0, 10_000)
    blanks, length = pc.mean(pc.count_substring(some, " ")).as_py(), pc.mean(pc.utf8_length(some)).as_py()
    return bool(blanks >= 2 and length >= 20)


def _prose(raw: PooledColumn) -> Typed:
    measures = {
        "length": pc.utf8_length(raw.dictionary),
        "words": pc.count_substring_regex(raw.dictionary, r"\S+"),
        "digits": pc.count_substring_regex(raw.dictionary, r"[0-9]"),
    }
    features = []
    for what, found in measures.items():
        per_word = found.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if per_word.min() < per_word.max():
            values = np.append(per_word, np.nan)[raw.codes]
            share = distinct_share(values[~raw.missing], 0, per_word.max())
            features.append(
                Column(f"{raw.name} [{what}]", "count" if share <= 0.5 else "numeric", values, (), raw.name)
            )
    if not features and raw.missing.any():
        features.append(indicator(raw))
    note = f"{raw.name}: text, tested by its length, its number of words and its number of digits"
    texts = Column(raw.name, "id", np.where(raw.codes < 0, np.nan, raw.codes.astype(np.float64)))
    return Typed(tuple(features), aside=texts, notes=(note,))


def _category(raw: PooledColumn, most: int) -> Typed:
    levels, codes = ordered_levels(raw)
    if {w.lower() for w in levels} <= {"true", "false"} and len(levels) == 2:
        levels = levels if levels[0].lower() == "false" else levels[::-1]
    notes: tuple[str, ...] = ()
    every = AllLevels(codes, levels) if len(levels) > most else None
    if every is not None:
        other = "(other)"
        while other in levels[:most]:
            other += "'"
        merged = len(levels) - most
        levels, codes = (*levels[:most], other), np.minimum(codes, most)
        notes = (
            f"{raw.name}: {merged + most} levels, all of them compared by themselves; with other columns the {merged} "
            f"beyond the {most} commonest are one level {other!r}",
        )
    values = np.where(codes < 0, np.nan, codes.astype(np.float64))
    return Typed((Column(raw.name, "category", values, levels, every=every),), notes=notes)


def ordered_levels(raw: PooledColumn) -> tuple[tuple[str, ...], Ints]:
    """Levels by falling count over both tables, equal counts by name; and the codes into them."""
    counts = np.bincount(raw.codes[raw.codes >= 0], minlength=len(raw.dictionary))
    by_name = pc.sort_indices(raw.dictionary).to_numpy()
    order = by_name[np.argsort(-counts[by_name], kind="stable")]
    place = np.empty(len(order) + 1, np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1
    return tuple(raw.dictionary.take(pa.array(order)).to_pylist()), place[raw.codes]
