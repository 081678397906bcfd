"""pandas' periods (months, quarters, weeks …) as the date-times at which they start."""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow as pa

from ecotone.contracts import Ints

_NAME = "pandas.period"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_CLOCK = {"d": "D", "h": "h", "min": "m", "t": "m", "s": "s", "ms": "ms", "l": "ms", "us": "us", "u": "us", "ns": "ns",
          "n": "ns"}  # fmt: skip


def dated_type(field: pa.Field) -> pa.DataType:
    """A field's type; of periods, that of the date-times at which they start."""
    return field.type if _frequency(field) is None else pa.timestamp("us")


def dated(array: pa.Array, field: pa.Field) -> pa.Array:
    """The array; of periods, the date-times at which they start."""
    freq = _frequency(field)
    if freq is None:
        return array
    stored = array.storage if isinstance(array, pa.ExtensionArray) else array
    there = stored.is_valid().to_numpy(zero_copy_only=False)
    starts = np.full(len(stored), np.datetime64("NaT"), "datetime64[us]")
    starts[there] = period_starts(stored.drop_null().to_numpy(), freq)
    return pa.array(starts, pa.timestamp("us"))


def _frequency(field: pa.Field) -> str | None:
    """A period's frequency, from its type or (where pandas is not loaded) from what the file says of it."""
    if isinstance(field.type, pa.BaseExtensionType):
        return str(field.type.freq) if getattr(field.type, "extension_name", "") == _NAME else None
    held = field.metadata or {}
    if held.get(b"ARROW:extension:name") != _NAME.encode() or not pa.types.is_int64(field.type):
        return None
    try:
        return str(json.loads(held.get(b"ARROW:extension:metadata", b""))["freq"])
    except (ValueError, KeyError, TypeError):
        return None


def period_starts(ordinals: Ints, freq: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """(n,) datetime64 in microseconds: pandas counts periods from the one that holds 1970-01-01.

    An unknown frequency leaves the periods' order, as days.
    """
    base, _, anchor = re.sub(r"^\d+", "", freq).partition("-")
    base, anchor = base.upper().removesuffix("E"), anchor.upper()
    if base in ("Y", "A", "Q", "M"):
        end = _MONTHS.index(anchor) + 1 if anchor in _MONTHS else 12
        if base == "M":
            months = ordinals
        elif base == "Q":
            months = 3 * ordinals + end - 12
        else:
            months = 12 * ordinals + end - 12
        starts = months.astype("datetime64[M]")
    elif base == "W":
        last = _DAYS.index(anchor) if anchor in _DAYS else 6
        starts = (7 * ordinals - 10 + last - 6 + 7 * (last < 6)).astype("datetime64[D]")
    elif base == "B":
        starts = np.busday_offset("1970-01-01", ordinals, roll="forward")
    else:
        starts = ordinals.astype(f"datetime64[{_CLOCK.get(base.lower(), 'D')}]")
    return np.asarray(starts.astype("datetime64[us]"))
