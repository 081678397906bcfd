"""What a column is, decided on both tables together.

Every decision reads the pooled rows and treats both tables alike, so that it does not depend on which table a row
is in: the tests that come after stay valid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ecotone.contracts import Bools, Floats, Ints

from ._exact import Exact, exact_values
from .sources import family

Family = Literal["null", "boolean", "number", "time", "text", "nested", "mismatch"]

UUID = r"^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$"
CODE = r"^[+-]?(0[0-9]|[0-9]{16,}$)"
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")
MONTH = re.compile(r"^(19|20)\d{2}(-(0[1-9]|1[0-2])|-?Q[1-4])$")
SPOKEN = re.compile(r"^\d{1,4}[/.]\d{1,2}[/.]\d{1,4}([T ]|$)")
_DATES = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class PooledColumn:
    """One column of both tables, reference's rows first.

    Parameters
    ----------
    name : str
    family : Family
        What the values are before it is decided what they mean.
    split : int
        Rows of the reference; the others are current's.
    values : (n,) float64
        Of booleans, numbers and times (seconds since 1970); NaN where missing.
    codes, dictionary : (n,) int64, pyarrow.Array
        Of text: position in ``dictionary``, -1 where missing.
    whole : (n,) int64 or None
        Integers as they are, where none is missing; float64 is exact only up to 2**53.
    exact : Exact or None
        Of numbers of which float64 would make some equal.
    declared : bool
        The user's table says that it is a category.
    ordered : tuple of str
        Its levels from low to high, where the tables say that they have an order, and the same one.
    types : (str, str)
    note : str
    """

    name: str
    family: Family
    split: int
    values: Floats = field(default_factory=lambda: np.empty(0))
    codes: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    dictionary: Any = None
    whole: NDArray[Any] | None = None
    exact: Exact | None = None
    declared: bool = False
    ordered: tuple[str, ...] = ()
    types: tuple[str, str] = ("", "")
    note: str = ""

    @cached_property
    def missing(self) -> Bools:
        """(n,) True where the value is missing."""
        return self.codes < 0 if self.family == "text" else np.isnan(self.values)

    def key(self) -> NDArray[Any]:
        """(n,) integers, equal exactly where the values are equal."""
        if self.family == "text":
            return self.codes
        if self.whole is not None:
            return self.whole.view(np.int64)
        if self.exact is not None:
            return self.exact.codes
        clean = self.values + 0.0  # -0.0 becomes 0.0
        clean[self.missing] = np.nan  # one NaN of the many
        return clean.view(np.int64)

    @property
    def blank(self) -> int | None:
        """The key that stands for "missing"."""
        if self.family == "text":
            return -1
        if self.whole is None and self.exact is not None:
            return -1
        return None if self.whole is not None else int(np.array(np.nan).view(np.int64))

    def take(self, rows: Bools) -> PooledColumn:
        """The same column at some of the pooled rows."""
        return replace(
            self,
            split=int(rows[: self.split].sum()),
            values=self.values[rows] if len(self.values) else self.values,
            codes=self.codes[rows] if len(self.codes) else self.codes,
            whole=None if self.whole is None else self.whole[rows],
            exact=None if self.exact is None else self.exact.take(rows),
        )


_WORDS = {"boolean": "true/false", "number": "numbers", "time": "date-times", "text": "text", "nested": "nested values"}


def pool(name: str, reference: pa.ChunkedArray, current: pa.ChunkedArray) -> PooledColumn:
    """Both tables' values of one column in one representation."""
    arrays = [_plain(reference), _plain(current)]
    types = (str(reference.type), str(current.type))
    kinds: list[Family] = [family(a.type) for a in arrays]
    split = len(arrays[0])
    known = {k for k in kinds if k != "null"}
    blank = PooledColumn(name, "null", split, np.full(sum(map(len, arrays)), np.nan), types=types)
    if not known:
        return blank
    if "nested" in known:
        return replace(blank, family="nested")
    if known == {"text"}:
        raw = _pool_text(name, arrays, split, any(pa.types.is_dictionary(a.type) for a in arrays))
        return replace(raw if raw.declared else _read_text(raw), types=types, ordered=_declared_order(arrays))
    if "text" in known:  # text against something else: what does the text hold?
        texts = [_pool_text(name, [a], 0, False) for a, k in zip(arrays, kinds) if k == "text"]
        read = _read_text(texts[0])
        other = next(k for k in kinds if k not in ("text", "null"))
        if read.family == "text" or {read.family, other} not in _FIT:
            words = tuple(_WORDS.get(k, k) for k in kinds)
            return replace(
                blank,
                family="mismatch",
                note=f"{words[0]} in reference, {words[1]} in current{_sample(texts[0], other)}",
            )
        halves = [read.values if k == "text" else _floats(a) for a, k in zip(arrays, kinds)]
        kind: Family = "time" if other == "time" else "number"
        kind = "boolean" if {read.family, other} == {"boolean"} else kind
        note = f"{name}: text in one table was read as {_WORDS[kind]}, as it is in the other"
        return PooledColumn(name, kind, split, np.concatenate(halves), types=types, note=note)
    if known not in _FIT:
        a, b = (_WORDS[k] for k in kinds)
        return replace(blank, family="mismatch", note=f"{a} in reference, {b} in current")
    kind = "time" if "time" in known else "number" if "number" in known else "boolean"
    whole = _whole(arrays) if kind == "number" else None
    exact = exact_values(arrays) if kind == "number" else None
    values = np.concatenate([_floats(a) for a in arrays])
    return PooledColumn(name, kind, split, values, whole=whole, exact=exact, types=types)


_FIT: tuple[set[str], ...] = ({"number"}, {"boolean"}, {"time"}, {"number", "boolean"})


def _sample(raw: PooledColumn, other: str) -> str:
    """The first text that is no number (or whatever the other table holds)."""
    for value in raw.dictionary.slice(0, 1000).to_pylist():
        try:
            float(value)
        except ValueError:
            return f" (such as {value[:40]!r})"
    return ""


def _plain(a: pa.ChunkedArray) -> pa.ChunkedArray:
    """Extension types as what they store."""
    if isinstance(a.type, pa.BaseExtensionType):
        return pa.chunked_array([c.storage for c in a.chunks], a.type.storage_type)
    return a


def _floats(a: pa.ChunkedArray) -> Floats:
    """(n,) float64, NaN where missing; times and durations in seconds."""
    t, factor = a.type, 1.0
    if pa.types.is_date32(t):
        a, factor = a.cast(pa.int32()), 86400.0
    elif pa.types.is_date64(t):
        a, factor = a.cast(pa.int64()), 1e-3
    elif pa.types.is_timestamp(t) or pa.types.is_duration(t) or pa.types.is_time(t):
        a, factor = a.cast(pa.int32() if pa.types.is_time32(t) else pa.int64()), _SECONDS[t.unit]
    elif pa.types.is_boolean(t):
        a = a.cast(pa.int8())
    out = np.asarray(a.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    return out if factor == 1.0 else out * factor


def _whole(arrays: list[pa.ChunkedArray]) -> NDArray[Any] | None:
    if all(pa.types.is_integer(a.type) and not pa.types.is_uint64(a.type) and a.null_count == 0 for a in arrays):
        return np.concatenate([a.cast(pa.int64()).to_numpy() for a in arrays])
    return None


def _pool_text(name: str, arrays: list[pa.ChunkedArray], split: int, declared: bool) -> PooledColumn:
    chunks = [c for a in arrays for c in a.cast(pa.large_string()).chunks]
    encoded = pa.chunked_array(chunks, pa.large_string()).dictionary_encode().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return PooledColumn(name, "text", split, codes=codes, dictionary=_readable(encoded.dictionary), declared=declared)


def _declared_order(arrays: list[pa.ChunkedArray]) -> tuple[str, ...]:
    """Levels of ordered categories, where one table's order holds the other's; empty otherwise."""
    found: list[tuple[str, ...]] = []
    for a in arrays:
        if pa.types.is_null(a.type):
            continue
        if not pa.types.is_dictionary(a.type) or not a.type.ordered:
            return ()
        found += {tuple(map(str, c.dictionary.cast(pa.string()).to_pylist())): None for c in a.chunks}
    longest = max(found, key=len, default=())
    place = {level: k for k, level in enumerate(longest)}
    for levels in found:
        at = [place.get(level, -1) for level in levels]
        if -1 in at or at != sorted(at):
            return ()
    return longest


def _readable(words: pa.Array) -> pa.Array:
    """Text in UTF-8; what is not gets a replacement character (files may hold anything)."""
    try:
        words.validate(full=True)
        return words
    except pa.ArrowInvalid:
        decoded = [w.decode("utf-8", "replace") for w in words.cast(pa.large_binary()).to_pylist()]
        return pa.array(decoded, pa.large_string())


def _read_text(raw: PooledColumn) -> PooledColumn:
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
    note = f"{raw.name}: text that holds {_WORDS[kind]} throughout was read as such" if kind == "number" else ""
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
                return _floats(pa.chunked_array([pc.strptime(words, format=form, unit="s")]))
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
        return _floats(pa.chunked_array([words.cast(t)]))
    except pa.ArrowInvalid:
        return None
