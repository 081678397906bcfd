"""What a profile keeps of one column."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats, Ints

from ._profile_hash import Hashes, hash_numbers, hash_strings, mix
from ._profile_sketch import KLLSketch, KMVSketch, MisraGries, Moments
from .sources import Family

LONGEST = 64
"""Characters of a text value that are counted by; longer values are cut and end in an ellipsis."""

_EXACT = 2.0**53  # beyond it not every whole number is a float
_BOOLEAN = ("false", "true")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass
class ColumnProfile:
    """Counts and sketches of one column.

    Parameters
    ----------
    name, type : str
        ``type`` is Arrow's name of the column's type.
    family : Family
    rows, missing, infinite : int
        ``missing`` counts nulls and NaN; infinite numbers take part in nothing else.
    low, high : int, float or None
        Smallest and largest finite value; of times, microseconds since 1970. None where there is none.
    whole : bool
        All finite values are integers.
    characters : int
        Of all text values together, in bytes of UTF-8.
    moments, quantiles : of numbers, and of times in seconds since 1970
    distinct : number of distinct values
    frequent : counts of text values and booleans
    """

    name: str
    type: str
    family: Family
    rows: int = 0
    missing: int = 0
    infinite: int = 0
    low: float | int | None = None
    high: float | int | None = None
    whole: bool = True
    characters: int = 0
    moments: Moments = field(default_factory=Moments)
    quantiles: KLLSketch = field(default_factory=KLLSketch)
    distinct: KMVSketch = field(default_factory=KMVSketch)
    frequent: MisraGries = field(default_factory=MisraGries)

    @property
    def mean(self) -> float:
        return self.moments.mean

    @property
    def variance(self) -> float:
        return self.moments.variance

    def update(self, array: Any) -> None:
        """Add an Arrow array of this column's family."""
        self.rows += len(array)
        if self.family in ("number", "time"):
            self._numbers(array)
        elif self.family in ("text", "boolean"):
            self._text(array)
        else:
            self.missing += array.null_count

    def _numbers(self, array: Any) -> None:
        self.missing += array.null_count
        raw = plain(array)
        x = _floats(raw, self.family)
        if not len(x):
            return
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(x.sum())
            if not np.isfinite(total):
                finite = np.isfinite(x)
                nan = int(np.isnan(x).sum())
                self.missing += nan
                self.infinite += len(x) - nan - int(finite.sum())
                raw, x = raw[finite], x[finite]
                total = float(x.sum())
            if not len(x):
                return
            self.moments.update(x, total)
        self.low, self.high = _widest(self.low, self.high, raw.min().item(), raw.max().item())
        self.whole = self.whole and (raw.dtype.kind in "iu" or bool((x == np.floor(x)).all()))
        self.quantiles.update(x)
        hashes = hash_numbers(x)
        if raw.dtype.kind in "iu" and max(-int(self.low), int(self.high)) > _EXACT:
            large = np.abs(x) > _EXACT
            hashes = np.where(large, mix(raw.astype(np.int64, copy=False).view(np.uint64)), hashes)
        self.distinct.update(hashes)

    def _text(self, array: Any) -> None:
        dictionary, codes = coded(array)
        counts = np.bincount(codes[codes >= 0], minlength=len(dictionary))
        self.missing += int((codes < 0).sum())
        present = np.flatnonzero(counts)
        if not len(present):
            return
        counts = counts[present]
        values = dictionary if len(present) == len(dictionary) else dictionary.take(pa.array(present))
        hashes, lengths = _hash_text(values)
        self.distinct.update(hashes)
        self.characters += int(lengths @ counts)
        texts = values.to_pylist()
        if lengths.max() > LONGEST:
            texts = [t if len(t) <= LONGEST else t[:LONGEST] + "…" for t in texts]
        self.frequent.update(texts, counts.tolist())

    def merge(self, other: ColumnProfile) -> ColumnProfile:
        """The profile of both columns' rows.

        Raises
        ------
        BadInput
            The columns hold values of different families.
        """
        if "null" in (self.family, other.family):
            kept = other if self.family == "null" else self
            kind, family = kept.type, kept.family
        elif self.family == other.family:
            kind, family = (self.type if self.type == other.type else max(self.type, other.type)), self.family
        else:
            raise BadInput(
                f"column {self.name!r} is {self.type} in one profile and {other.type} in the other; "
                "profile tables with the same types"
            )
        low, high = _widest(self.low, self.high, other.low, other.high)
        return ColumnProfile(
            self.name, kind, family, self.rows + other.rows, self.missing + other.missing,
            self.infinite + other.infinite, low, high, self.whole and other.whole, self.characters + other.characters,
            self.moments.merge(other.moments), self.quantiles.merge(other.quantiles),
            self.distinct.merge(other.distinct), self.frequent.merge(other.frequent),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready summary."""
        mean, variance = (None if math.isnan(v) else v for v in (self.mean, self.variance))
        return {
            "name": self.name, "type": self.type, "family": self.family, "rows": self.rows, "missing": self.missing,
            "infinite": self.infinite, "min": self.low, "max": self.high,
            "mean": mean, "variance": variance,
            "distinct": round(self.distinct.count), "distinct_exact": self.distinct.exact,
            "top": self.frequent.top(8),
        }  # fmt: skip


def plain(array: Any) -> NDArray[Any]:
    """The values of a numeric or date-time array that are not null; times in microseconds, durations in seconds."""
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        array = array.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
    elif pa.types.is_decimal(kind):
        array = array.cast(pa.float64(), safe=False)
    elif pa.types.is_duration(kind) or pa.types.is_time(kind):
        return _seconds(array.drop_null())
    if array.null_count:
        array = array.drop_null()
    return np.asarray(array.to_numpy(zero_copy_only=False))


def _seconds(array: Any) -> Floats:
    whole = array.cast(pa.int32() if pa.types.is_time32(array.type) else pa.int64())
    return np.asarray(whole.to_numpy(zero_copy_only=False)) * _SECONDS[array.type.unit]


def _floats(raw: NDArray[Any], family: Family) -> Floats:
    x = raw.astype(np.float64, copy=False)
    return x * 1e-6 if family == "time" else x


def numbers(array: Any, family: Family) -> Floats:
    """(n,) float64, NaN where null; date-times in seconds."""
    if not array.null_count:
        return _floats(plain(array), family)
    x = np.full(len(array), np.nan)
    x[array.is_valid().to_numpy(zero_copy_only=False)] = _floats(plain(array), family)
    return x


def coded(array: Any) -> tuple[Any, Ints]:
    """Distinct texts and each row's position among them, -1 where null."""
    if pa.types.is_boolean(array.type):
        x = array.cast(pa.int8()).fill_null(-1).to_numpy(zero_copy_only=False)
        return pa.array(_BOOLEAN), x.astype(np.int64)
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    if not pa.types.is_string(array.dictionary.type):
        array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.string()))
    if array.dictionary.null_count or pc.count_distinct(array.dictionary).as_py() < len(array.dictionary):
        array = pc.dictionary_encode(array.dictionary_decode())
    codes = array.indices.cast(pa.int64())  # unsigned ones hold no -1
    codes = (codes.fill_null(-1) if codes.null_count else codes).to_numpy(zero_copy_only=False)
    return array.dictionary, codes.astype(np.int64, copy=False)


def _hash_text(values: Any) -> tuple[Hashes, Ints]:
    whole = values.cast(pa.large_string())
    _, offsets, data = whole.buffers()
    at = np.frombuffer(offsets, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    raw = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return hash_strings(raw, at), np.diff(at)


def _widest(low: Any, high: Any, other_low: Any, other_high: Any) -> tuple[Any, Any]:
    lows = [v for v in (low, other_low) if v is not None]
    highs = [v for v in (high, other_high) if v is not None]
    return min(lows, default=None), max(highs, default=None)
