"""From pooled numbers to features: truth values, counts, numbers, identifiers, date-times."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from ._exact import FEW
from ._identifiers import codes_of, distinct_share, identifies
from ._pooled_column import PooledColumn
from ._table import Column
from ._typed import Typed, lone, set_aside


def number_kind(raw: PooledColumn) -> Typed:
    values, notes = raw.values, infinite_note(raw)
    if raw.family == "time":
        return set_aside(raw, "datetime", "absolute date-times differ by design", values)
    if raw.exact is not None and raw.exact.merged > FEW * len(values):
        reason = identifies(raw) if raw.exact.offsets() is not None else ""
        return set_aside(raw, "id", reason, codes_of(raw)) if reason else exact_ranks(raw)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low == high:
        return lone(raw, f"{low:g}")
    present = values[~raw.missing]
    whole = bool((present == np.floor(present)).all())
    if whole and low == 0 and high == 1:
        names = ("false", "true") if raw.family == "boolean" else ("0", "1")
        return Typed((Column(raw.name, "boolean", values, names),), notes=notes)
    if whole and (reason := identifies(raw)):
        return set_aside(raw, "id", reason, codes_of(raw))
    tied = whole and low >= 0 and distinct_share(present, low, high) <= 0.5
    return Typed((Column(raw.name, "count" if tied else "numeric", values),), notes=notes)


def ordered_numbers(raw: PooledColumn) -> Typed:
    """Numbers, or date-times as seconds, that the user wants compared by their order whatever they look like."""
    if raw.exact is not None and raw.exact.merged > FEW * len(raw.values):
        return exact_ranks(raw)
    values, notes = raw.values, infinite_note(raw)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low == high:
        return lone(raw, f"{low:g}")
    if raw.family == "time":
        notes = (*notes, f"{raw.name}: date-times compared as seconds since 1970")
        return Typed((Column(raw.name, "numeric", values),), notes=notes)
    present = values[~raw.missing]
    tied = bool((present == np.floor(present)).all()) and low >= 0 and distinct_share(present, low, high) <= 0.5
    return Typed((Column(raw.name, "count" if tied else "numeric", values),), notes=notes)


def exact_ranks(raw: PooledColumn) -> Typed:
    """Numbers that float64 would make equal, as places in their exact order."""
    assert raw.exact is not None
    used, codes = np.unique(raw.exact.codes[~raw.missing], return_inverse=True)
    exact = raw.exact.values.take(used).to_pylist()
    levels = tuple(format(v, "f") if isinstance(v, Decimal) else str(v) for v in exact)
    if len(levels) == 1:
        return lone(raw, levels[0])
    values = np.full(len(raw.values), np.nan)
    values[~raw.missing] = codes
    note = f"{raw.name}: numbers of more digits than float64 holds, compared by their exact order"
    return Typed((Column(raw.name, "ordinal", values, levels),), notes=(note,))


def infinite_note(raw: PooledColumn) -> tuple[str, ...]:
    """How many values are infinite: they keep their place at the ends, and their share is tested as well."""
    infinite = np.isinf(raw.values)
    if not infinite.any():
        return ()
    a, b = int(infinite[: raw.split].sum()), int(infinite[raw.split :].sum())
    words = "beyond all others in rank, their share is tested by itself"
    return (f"{raw.name}: {a:,} infinite values in the reference and {b:,} in current: {words}",)
