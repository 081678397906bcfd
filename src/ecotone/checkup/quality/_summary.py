"""Facts of one column of one table: how many rows, missing, distinct; smallest, largest, mean, median; levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from ecotone.checkup.as_json import Keys
from ecotone.data import ColumnProfile
from ecotone.data._pool import pool
from ecotone.data._pooled_column import PooledColumn

from ._empirical_distribution import EmpiricalDistribution

#: A number, or a date-time in ISO 8601.
Figure = float | int | str | None
#: Levels of a text column that are counted one by one.
MOST_LEVELS = 100_000
_NOTHING = EmpiricalDistribution(np.empty(0))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ColumnSummary:
    """Facts of one column of one table.

    Parameters
    ----------
    name : str
    stored : str
        Arrow's name of the type that it is stored as.
    family : str
        What its values read as: ``number``, ``boolean``, ``time``, ``text``, ``nested``, ``null`` (no value at all).
    rows, missing, infinite : int
    distinct : int or None
        Distinct values, missing ones left out; None where they are not counted.
    estimated : bool
        Whether ``distinct`` and the median come from a sketch.
    low, high, mean, median : float, int or None
        Of finite numbers, and of date-times in seconds since 1970; None for other kinds, and without a value.
    whole : bool
        All finite values are whole numbers.
    levels : mapping of str to int, or None
        Rows of every value of a text or boolean column; None where not each of them was counted.
    distribution : EmpiricalDistribution
        What of the values is at hand.
    """

    name: str
    stored: str
    family: str
    rows: int
    missing: int = 0
    infinite: int = 0
    distinct: int | None = None
    estimated: bool = False
    low: float | int | None = None
    high: float | int | None = None
    mean: float | None = None
    median: float | None = None
    whole: bool = False
    levels: Mapping[str, int] | None = None
    distribution: EmpiricalDistribution = field(default=_NOTHING, repr=False, compare=False)

    JSON: ClassVar[Keys] = (
        ("type", "stored"), ("reads_as", "family"), ("count", "rows"), "missing", "infinite", "distinct", "estimated",
        ("min", "least"), ("max", "largest"), ("mean", "shown_mean"), ("median", "shown_median"), ("reason", "lacking"),
    )  # fmt: skip

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def ordered(self) -> bool:
        """Whether its values have an order."""
        return self.family in ("number", "time")

    @property
    def least(self) -> Figure:
        """The smallest value as a document has it: date-times in ISO 8601."""
        return self._shown(self.low)

    @property
    def largest(self) -> Figure:
        """The largest value, in the same way."""
        return self._shown(self.high)

    @property
    def shown_mean(self) -> Figure:
        """The mean, in the same way."""
        return self._shown(self.mean)

    @property
    def shown_median(self) -> Figure:
        """The median, in the same way."""
        return self._shown(self.median)

    def _shown(self, value: float | int | None) -> Figure:
        return iso(value) if self.family == "time" else plain_number(value)

    @property
    def lacking(self) -> str | None:
        """Why a figure is lacking; None where none is."""
        if None not in (self.least, self.largest, self.shown_mean, self.shown_median, self.distinct):
            return None
        if not self.present:
            return "no row has a value"
        if self.family == "nested":
            return "nested values are only counted"
        if not self.ordered:
            return f"{self.family} has no order: no min, max, mean or median"
        return "no finite value" if self.low is None else "too large for a mean in double precision"


def plain_number(value: float | int | None) -> float | int | None:
    """A finite number as it is, None for any other."""
    return None if value is None or not math.isfinite(value) else value


def iso(seconds: float | int | None) -> str | None:
    """Seconds since 1970 as a date, with the time of day where there is one; years beyond 9999 as seconds."""
    if seconds is None or not math.isfinite(seconds):
        return None
    try:
        at = _EPOCH + timedelta(seconds=float(seconds))
    except OverflowError:
        return f"{seconds:.6g} s since 1970"
    return at.date().isoformat() if at.time() == _EPOCH.time() else at.replace(tzinfo=None, microsecond=0).isoformat()


def summary(name: str, column: Any, *, read: bool = True) -> ColumnSummary:
    """Facts of an Arrow column.

    Parameters
    ----------
    name : str
    column : pyarrow.ChunkedArray
    read : bool
        Take text that holds numbers, date-times or truth values throughout as such.

    Examples
    --------
    >>> found = summary("x", pa.chunked_array([[3.0, None, 5.0, 5.0]]))
    >>> found.rows, found.missing, found.distinct, found.low, found.high, found.median
    (4, 1, 2, 3.0, 5.0, 5.0)
    """
    stored = str(column.type)
    given = column if read or not _is_text(column.type) else column.dictionary_encode()
    raw = pool(name, given, given.slice(0, 0))
    if raw.family in ("nested", "null"):
        return ColumnSummary(
            name, stored, raw.family, len(column), column.null_count if raw.family == "nested" else len(column)
        )
    if raw.family == "text":
        return _text(raw, stored)
    return _numbers(raw, stored)


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view())


def _text(raw: PooledColumn, stored: str) -> ColumnSummary:
    codes = raw.codes[raw.codes >= 0]
    counts = np.bincount(codes, minlength=len(raw.dictionary))
    seen = np.flatnonzero(counts)
    levels = None
    if len(seen) <= MOST_LEVELS:
        levels = dict(zip(raw.dictionary.take(pa.array(seen)).to_pylist(), counts[seen].tolist()))
    n = len(raw.codes)
    return ColumnSummary(raw.name, stored, "text", n, n - len(codes), distinct=len(seen), levels=levels)


def _numbers(raw: PooledColumn, stored: str) -> ColumnSummary:
    n, gone = len(raw.values), int(raw.missing.sum())
    values = raw.values if not gone else raw.values[~raw.missing]
    finite = np.isfinite(values)
    infinite = 0 if finite.all() else int((~finite).sum())
    values = np.sort(values[finite] if infinite else values)
    distribution = EmpiricalDistribution(values)
    exact = values if raw.whole is None or infinite or gone else np.sort(raw.whole)
    distinct = int((exact[1:] != exact[:-1]).sum()) + 1 if len(exact) else 0
    if raw.family == "boolean":
        levels = {
            word: int(distribution.equal(value))
            for word, value in (("false", 0.0), ("true", 1.0))
            if distribution.equal(value)
        }
        return ColumnSummary(
            raw.name, stored, "boolean", n, gone, distinct=distinct, levels=levels, distribution=distribution
        )
    ends = (exact[0].item(), exact[-1].item()) if len(exact) else (None, None)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = plain_number(float(values.mean())) if len(values) else None
    whole = bool((values == np.floor(values)).all())
    middle = plain_number(distribution.median)
    return ColumnSummary(
        raw.name, stored, raw.family, n, gone, infinite, distinct + (infinite > 0), low=ends[0], high=ends[1],
        mean=mean, median=middle, whole=whole, distribution=distribution,
    )  # fmt: skip


def summary_of_profile(column: ColumnProfile) -> ColumnSummary:
    """The same facts from a profile's counts and sketches."""
    family = "null" if column.rows == column.missing and column.family != "nested" else column.family
    known = family not in ("nested", "null")
    exact = column.distinct.exact and len(column.quantiles.levels) <= 1
    base = ColumnSummary(
        column.name, column.type, family, column.rows, column.missing, column.infinite,
        distinct=round(column.distinct.count) if known else None, estimated=known and not exact,
    )  # fmt: skip
    if not known:
        return base
    if family in ("text", "boolean"):
        return replace(base, levels=None if column.frequent.error else dict(column.frequent.counts))
    distribution = EmpiricalDistribution(*column.quantiles.weighted())
    scale = 1e-6 if family == "time" else 1
    low, high = (None if end is None else end * scale for end in (column.low, column.high))
    mean, median = plain_number(column.mean), plain_number(distribution.median)
    return replace(base, low=low, high=high, mean=mean, median=median, whole=column.whole, distribution=distribution)
