"""From pooled numbers to features: truth values, counts, numbers, identifiers, date-times."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Floats

from ._identifiers import codes_of_numbers, distinct_share, identifies
from ._table import Column
from ._typed import Typed, lone, set_aside
from ._typing import Raw


def number_kind(raw: Raw) -> Typed:
    values, notes = _bounded(raw)
    low, high = np.nanmin(values), np.nanmax(values)
    if raw.family == "time":
        return set_aside(raw, "datetime", "absolute date-times differ by design", values)
    if low == high and (raw.whole is None or raw.whole.min() == raw.whole.max()):
        return lone(raw, f"{low:g}")
    present = values[~raw.missing]
    whole = bool((present == np.floor(present)).all())
    if whole and low == 0 and high == 1:
        names = ("false", "true") if raw.family == "boolean" else ("0", "1")
        return Typed((Column(raw.name, "boolean", values, names),), notes=notes)
    if whole and (reason := identifies(raw, values)):
        return set_aside(raw, "id", reason, codes_of_numbers(values))
    tied = whole and low >= 0 and distinct_share(present, low, high) <= 0.5
    return Typed((Column(raw.name, "count" if tied else "numeric", values),), notes=notes)


def ordered_numbers(raw: Raw) -> Typed:
    """Numbers, or date-times as seconds, that the user wants compared by their order whatever they look like."""
    values, notes = _bounded(raw)
    low, high = np.nanmin(values), np.nanmax(values)
    if low == high:
        return lone(raw, f"{low:g}")
    if raw.family == "time":
        notes = (*notes, f"{raw.name}: date-times compared as seconds since 1970")
        return Typed((Column(raw.name, "numeric", values),), notes=notes)
    present = values[~raw.missing]
    tied = bool((present == np.floor(present)).all()) and low >= 0 and distinct_share(present, low, high) <= 0.5
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
