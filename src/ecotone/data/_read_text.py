"""Numbers, truth values and date-times that were stored as text."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import Floats

from ._arrow_values import floats
from ._pooled_column import Family, PooledColumn

CODE = r"^[+-]?(0[0-9]|[0-9]{16,}$)"
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")
MONTH = re.compile(r"^(19|20)\d{2}(-(0[1-9]|1[0-2])|-?Q[1-4])$")
SPOKEN = re.compile(r"^\d{1,4}[/.]\d{1,2}[/.]\d{1,4}([T ]|$)")
_DATES = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
FAMILY_WORDS = {
    "boolean": "true/false",
    "number": "numbers",
    "time": "date-times",
    "text": "text",
    "nested": "nested values",
}


def read_text(raw: PooledColumn) -> PooledColumn:
    """Numbers, truth values and date-times that were stored as text become what they are, if all of them can."""
    words = raw.dictionary
    if len(words) == 0:
        return replace(raw, family="null", values=np.full(len(raw.codes), np.nan))
    first = words[0].as_py()
    looked: Floats | None = None
    kind: Family = "text"
    if re.match(r"^[+-]?(\d|\.\d|inf|nan)", first, re.I):
        # A leading zero is a code (a post code, a phone number), not a number;
        # and so are sixteen digits or more (an account, a card), of which float64 would make some equal.
        if not pc.any(pc.match_substring_regex(words, CODE)).as_py():
            looked, kind = _try(words, pa.float64()), "number"
        if looked is None:
            looked, kind = _times(words, first), "time"
    elif len(words) <= 6 and {w.lower() for w in words.to_pylist()} <= {"true", "false"}:
        looked, kind = np.array([float(w.lower() == "true") for w in words.to_pylist()]), "boolean"
    if looked is None:
        return raw
    values = np.append(looked, np.nan)[raw.codes]
    note = f"{raw.name}: text that holds {FAMILY_WORDS[kind]} throughout was read as such" if kind == "number" else ""
    return PooledColumn(raw.name, kind, raw.split, values, types=raw.types, note=note)


def _times(words: pa.Array, first: str) -> Floats | None:
    """Date-times in ISO 8601 or in one of the common national forms."""
    if MONTH.match(first) and pc.all(pc.match_substring_regex(words, MONTH.pattern)).as_py():
        return _months(words)
    if ISO.match(first):
        looked = _try(words, pa.timestamp("us"))
        return _try(words, pa.timestamp("us", "UTC")) if looked is None else looked
    if SPOKEN.match(first):
        for form in (date + clock for date in _DATES for clock in _CLOCKS):
            try:
                return floats(pa.chunked_array([pc.strptime(words, format=form, unit="s")]))
            except pa.ArrowInvalid:
                continue
    return None


def _months(words: pa.Array) -> Floats:
    """Months (2024-03) and quarters (2024Q1) as their first days."""
    text = words.to_pylist()
    months = [f"{w[:4]}-{3 * int(w[-1]) - 2:02d}" if "Q" in w else w for w in text]
    return np.array(months, "datetime64[M]").astype("datetime64[s]").astype(np.float64)


def _try(words: pa.Array, t: pa.DataType) -> Floats | None:
    try:
        return floats(pa.chunked_array([words.cast(t)]))
    except pa.ArrowInvalid:
        return None
