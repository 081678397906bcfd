"""From pooled values to features: kind, values and levels of each column, or the reason why no test reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import Floats, Ints

from ._table import Column, Untested
from ._typing import UUID, Raw

#: A category keeps this many levels; the others share one.
MOST_LEVELS = 200
#: Values are nearly unique from this share of distinct ones on.
NEARLY_UNIQUE = 0.9
#: No column of fewer values is taken for an identifier.
FEWEST_FOR_ID = 20
#: Fewer values than this, in a column that is nearly all missing, say only that they are there.
FEWEST_PRESENT = 10


@dataclass(frozen=True)
class Typed:
    """What one column became.

    Parameters
    ----------
    features : tuple of Column
        Over the pooled rows, reference's first; the column itself, or what was derived from it.
    untested : Untested or None
    aside : Column or None
        Identifiers and date-times: not features, but kept for what looks for units and order.
    notes : tuple of str
    """

    features: tuple[Column, ...] = ()
    untested: Untested | None = None
    aside: Column | None = None
    notes: tuple[str, ...] = ()


def decide(raw: Raw) -> Typed:
    """What a column is, from both tables' values together."""
    notes = (raw.note,) if raw.note else ()
    if raw.family == "mismatch":
        return Typed(untested=Untested(raw.name, "mismatch", f"other types in the two tables: {raw.note}"))
    if raw.family == "nested":
        a, b = raw.types
        return Typed(
            untested=Untested(raw.name, "nested", f"values of type {a if a == b else f'{a} and {b}'} are not compared")
        )
    missing = raw.missing
    n, present = len(missing), int(len(missing) - missing.sum())
    if present == 0:
        return Typed(untested=Untested(raw.name, "constant", "missing in every row of both tables"), notes=notes)
    one_sided = present < n and bool(missing[: raw.split].all() or missing[raw.split :].all())
    if one_sided or (present < FEWEST_PRESENT and n >= 10 * FEWEST_PRESENT):
        where = "missing in every row of one table" if one_sided else f"only {present} of {n} rows hold a value"
        return Typed((_indicator(raw),), notes=(*notes, f"{raw.name}: {where}; tested as missing or not"))
    typed = _text(raw) if raw.family == "text" else _numbers(raw)
    return replace(typed, notes=(*notes, *typed.notes))


def _indicator(raw: Raw) -> Column:
    return Column(f"{raw.name} [missing]", "boolean", raw.missing.astype(np.float64), ("false", "true"), raw.name)


def _lone(raw: Raw, value: str) -> Typed:
    """A column of one value: constant, unless some rows lack it."""
    reason = Untested(raw.name, "constant", f"constant: {value[:60]!r} in every row that has a value")
    return Typed((_indicator(raw),) if raw.missing.any() else (), reason)


def _set_aside(raw: Raw, kind: str, reason: str, values: Floats) -> Typed:
    column = Column(raw.name, "datetime" if kind == "datetime" else "id", values)
    features = (_indicator(raw),) if raw.missing.any() else ()
    return Typed(features, Untested(raw.name, kind, reason), column)


def _numbers(raw: Raw) -> Typed:
    values, notes = _bounded(raw)
    low, high = np.nanmin(values), np.nanmax(values)
    if raw.family == "time":
        return _set_aside(raw, "datetime", "absolute date-times differ by design", values)
    if low == high and (raw.whole is None or raw.whole.min() == raw.whole.max()):
        return _lone(raw, f"{low:g}")
    present = values[~raw.missing]
    whole = bool((present == np.floor(present)).all())
    if whole and low == 0 and high == 1:
        names = ("false", "true") if raw.family == "boolean" else ("0", "1")
        return Typed((Column(raw.name, "boolean", values, names),), notes=notes)
    if whole and (reason := _identifies(raw, values)):
        return _set_aside(raw, "id", reason, _codes_of_numbers(values))
    tied = whole and low >= 0 and _distinct_share(present, low, high) <= 0.5
    return Typed((Column(raw.name, "count" if tied else "numeric", values),), notes=notes)


def _bounded(raw: Raw) -> tuple[Floats, tuple[str, ...]]:
    """Infinite values as the largest finite magnitude of both tables."""
    infinite = np.isinf(raw.values)
    if not infinite.any():
        return raw.values, ()
    finite = np.abs(raw.values[~infinite & ~raw.missing])
    most = float(finite.max()) if len(finite) else 1.0
    values = np.where(infinite, np.sign(raw.values) * most, raw.values)
    a, b = int(infinite[: raw.split].sum()), int(infinite[raw.split :].sum())
    note = (
        f"{raw.name}: {a} infinite values in reference and {b} in current were replaced by ±{most:g}, "
        "the largest finite magnitude"
    )
    return values, (note,)


def _distinct_share(present: Floats, low: float, high: float) -> float:
    if high - low + 1 <= 0.5 * len(present):  # more rows than there could be values
        return 0.0
    return float(pc.count_distinct(pa.array(present)).as_py()) / len(present)


def _codes_of_numbers(values: Floats) -> Floats:
    codes = np.unique(values, return_inverse=True)[1].astype(np.float64)
    codes[np.isnan(values)] = np.nan
    return codes


def _identifies(raw: Raw, values: Floats) -> str:
    """Why whole numbers are an identifier; empty where they are not."""
    exact = values if raw.whole is None else raw.whole
    if max(raw.split, len(exact) - raw.split) < FEWEST_FOR_ID:
        return ""
    if raw.missing.any():
        return ""
    halves = exact[: raw.split], exact[raw.split :]
    if all((h[1:] > h[:-1]).all() for h in halves):
        return "rising identifier: differs by design"
    if all(_consecutive(h) for h in halves) or _consecutive(exact):
        return "consecutive identifier: differs by design"
    if _named_id(raw.name) and _nearly_unique(exact, raw.split):
        return "identifier by its name, nearly unique: differs by design"
    return ""


def _nearly_unique(x: Floats | Ints, split: int) -> bool:
    """Whether values hardly repeat, over both tables or in each (the same units may be in both)."""

    def share(part: Floats | Ints) -> float:
        return float(pc.count_distinct(pa.array(part)).as_py()) / len(part) if len(part) else 1.0

    if share(x) >= NEARLY_UNIQUE:
        return len(x) >= FEWEST_FOR_ID
    halves = x[:split], x[split:]
    return max(map(len, halves)) >= FEWEST_FOR_ID and all(share(half) >= NEARLY_UNIQUE for half in halves)


def _named_id(name: str) -> bool:
    """Whether a column's name says that it holds identifiers."""
    return any(
        w in ("id", "uuid", "guid", "key", "index") for w in name.lower().replace("-", "_").replace(" ", "_").split("_")
    )


def _consecutive(x: Floats | Ints) -> bool:
    """Whether whole numbers are a run without gaps and repetitions, in any order."""
    low = x.min()
    if float(x.max()) - float(low) != len(x) - 1:
        return False
    return bool((np.bincount((x - low).astype(np.int64), minlength=len(x)) == 1).all())


def _text(raw: Raw) -> Typed:
    there = ~raw.missing
    n, distinct = int(there.sum()), len(raw.dictionary)
    if distinct == 1:
        return _lone(raw, raw.dictionary[0].as_py())
    values = np.where(raw.codes < 0, np.nan, raw.codes.astype(np.float64))
    if not raw.declared and distinct >= FEWEST_FOR_ID and distinct >= 0.5 * n and _is_prose(raw.dictionary):
        return _prose(raw)
    if distinct >= 0.45 * n and _nearly_unique(raw.codes[there], int(there[: raw.split].sum())):
        return _set_aside(raw, "id", "identifier: nearly every value is unique, so values differ by design", values)
    if distinct > MOST_LEVELS and distinct >= 0.5 * n:
        return _set_aside(raw, "id", f"identifier: {distinct} values with hardly any repetition", values)
    if n >= FEWEST_FOR_ID and pc.all(pc.match_substring_regex(raw.dictionary, UUID)).as_py():
        return _set_aside(raw, "id", "identifier: UUIDs differ by design", values)
    return _category(raw, MOST_LEVELS)


def _is_prose(words: pa.Array) -> bool:
    """Three words or more and twenty characters or more, on average."""
    some = words.slice(0, 10_000)
    blanks, length = pc.mean(pc.count_substring(some, " ")).as_py(), pc.mean(pc.utf8_length(some)).as_py()
    return bool(blanks >= 2 and length >= 20)


def _prose(raw: Raw) -> Typed:
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
            share = _distinct_share(values[~raw.missing], 0, per_word.max())
            features.append(
                Column(f"{raw.name} [{what}]", "count" if share <= 0.5 else "numeric", values, (), raw.name)
            )
    if not features and raw.missing.any():
        features.append(_indicator(raw))
    note = f"{raw.name}: text, tested by its length, its number of words and its number of digits"
    return Typed(tuple(features), notes=(note,))


def _category(raw: Raw, most: int) -> Typed:
    levels, codes = ordered_levels(raw)
    if {w.lower() for w in levels} <= {"true", "false"} and len(levels) == 2:
        levels = levels if levels[0].lower() == "false" else levels[::-1]
    notes: tuple[str, ...] = ()
    if len(levels) > most:
        other = "(other)"
        while other in levels[:most]:
            other += "'"
        merged = len(levels) - most
        levels, codes = (*levels[:most], other), np.minimum(codes, most)
        notes = (
            f"{raw.name}: {merged + most} levels; the {merged} beyond the {most} commonest are one level {other!r}",
        )
    values = np.where(codes < 0, np.nan, codes.astype(np.float64))
    return Typed((Column(raw.name, "category", values, levels),), notes=notes)


def ordered_levels(raw: Raw) -> tuple[tuple[str, ...], Ints]:
    """Levels by falling count over both tables, equal counts by name; and the codes into them."""
    counts = np.bincount(raw.codes[raw.codes >= 0], minlength=len(raw.dictionary))
    by_name = pc.sort_indices(raw.dictionary).to_numpy()
    order = by_name[np.argsort(-counts[by_name], kind="stable")]
    place = np.empty(len(order) + 1, np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1
    return tuple(raw.dictionary.take(pa.array(order)).to_pylist()), place[raw.codes]
