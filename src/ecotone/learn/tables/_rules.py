"""What one column says of another without exception: tables, steps, lines, and parts of dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import BadInput, Bools, Floats, Ints

from ._arrow import ColumnCodec, stored
from ._encoded import Encoded
from ._level_codec import LevelCodec
from ._types import type_of

PARTS = (
    "date",
    "year",
    "quarter",
    "month",
    "day",
    "day_of_week",
    "day_of_year",
    "iso_week",
    "hour",
    "minute",
    "second",
)
"""Of dates and times, as Arrow names them; ``date`` is the day."""


@dataclass(frozen=True)
class Rule:
    """Column ``target`` as a function of column ``source``.

    Values are places among the levels, or the numbers of a ``NumberCodec``; NaN is a missing one.

    Parameters
    ----------
    source, target : str
    kind : {"table", "steps", "line"}
        A table of what was seen; the same, and between two keys the value of the nearer; ``slope * x + shift``.
    part : str
        One of ``PARTS``, of which the rule is a function, or none.
    keys, values : (k,) float64
        Of a table and of steps: the source's values, rising, and the target's there.
    slope, shift : float
        Of a line.
    gap : float or None
        The target where the source is missing; None where that says nothing.
    """

    source: str
    target: str
    kind: str
    part: str = ""
    keys: Floats = field(default_factory=lambda: np.empty(0))
    values: Floats = field(default_factory=lambda: np.empty(0))
    slope: float = 0.0
    shift: float = 0.0
    gap: float | None = None

    def apply(self, x: Floats, source: ColumnCodec, whole: bool) -> tuple[Floats, Bools]:
        """The target ``(n,)`` at the source's values, and where the rule says one; ``whole`` rounds a line."""
        x = part_of(source, x, self.part) if self.part else x
        gone = np.isnan(x)
        if self.kind == "line":
            y, says = self.slope * np.where(gone, 0, x) + self.shift, ~gone
            y = np.rint(y) if whole else y
        elif self.kind == "steps":
            y, says = self.values[np.searchsorted(self._cuts, np.where(gone, 0, x))], ~gone
        else:
            at = np.minimum(np.searchsorted(self.keys, np.where(gone, 0, x)), len(self.keys) - 1)
            y, says = self.values[at], ~gone & (self.keys[at] == x)
        if self.gap is not None:
            y, says = np.where(gone, self.gap, y), says | gone
        return y, says

    @cached_property
    def _cuts(self) -> Floats:
        """Between two keys of different values, the middle."""
        return np.asarray((self.keys[1:] + self.keys[:-1]) / 2)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; missing is None."""
        bare = {k: getattr(self, k) for k in ("source", "target", "kind", "part", "slope", "shift")}
        gap = {"gap": None if self.gap is None else [_told(self.gap)]}
        return bare | gap | {"keys": self.keys.tolist(), "values": [_told(v) for v in self.values]}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> Rule:
        """What :meth:`to_dict` gave; raises ``ValueError``."""
        keys, values = (np.array([np.nan if v is None else float(v) for v in d[k]]) for k in ("keys", "values"))
        empty = d["kind"] != "line" and not len(keys)
        if (
            d["kind"] not in ("table", "steps", "line")
            or d["part"] not in ("", *PARTS)
            or len(keys) != len(values)
            or empty
        ):
            raise ValueError("a rule that is none")
        gap = None if d["gap"] is None else np.nan if d["gap"][0] is None else float(d["gap"][0])
        slope, shift = float(d["slope"]), float(d["shift"])
        return cls(d["source"], d["target"], d["kind"], d["part"], keys, values, slope, shift, gap)


def _told(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def same(a: Any, b: Any) -> Bools:
    """Whether values are equal, to rounding, two missing ones among them."""
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= 1e-9 * np.maximum(np.abs(a), np.abs(b))
    return np.asarray(near | (np.isnan(a) & np.isnan(b)))


def nearest_of(keys: Floats, x: Floats) -> Floats:
    """The nearest of rising ``keys`` to each ``x``."""
    at = np.clip(np.searchsorted(keys, x), 1, max(len(keys) - 1, 1))
    low, high = keys[at - 1], keys[np.minimum(at, len(keys) - 1)]
    return np.asarray(np.where(x - low <= high - x, low, high))


def values_of(codec: ColumnCodec, token: Ints, z: Floats) -> Floats:
    """(n,) what rules know of encoded rows: the place of a level, the codec's number; NaN where missing."""
    if not isinstance(codec, LevelCodec):
        return codec.decode(token, z)
    place = np.where(token > 0, token - 1.0, np.nan)
    if codec.rare:
        last = token == codec.tokens - 1
        place[last] += codec.rare_place(z[last])
    return place


def encoded(codec: ColumnCodec, values: Floats) -> Encoded:
    """Rows of the values that :func:`values_of` gives."""
    if not isinstance(codec, LevelCodec):
        return codec.encode(values)
    every = codec.encode([None, *codec.levels, *codec.rare])
    at = np.where(np.isnan(values), -1, values).astype(np.int64) + 1
    return Encoded(*(getattr(every, name)[at] for name in ("token", "z", "low", "high", "log_rate")))


def part_of(codec: ColumnCodec, x: Floats, part: str) -> Floats:
    """(n,) a part of dates or times, NaN where missing or where the type has no such part."""
    try:
        if isinstance(codec, LevelCodec):
            raise BadInput("levels have no parts")
        array = stored(codec, x)
        if part == "date":
            local = array if pa.types.is_date(array.type) else pc.local_timestamp(array) if array.type.tz else array
            found = local.cast(pa.date32(), safe=False).cast(pa.int32())
        else:
            found = getattr(pc, part)(array)
    except (pa.ArrowException, AttributeError, BadInput):
        return np.full(len(x), np.nan)
    return np.asarray(found.cast(pa.float64()).to_numpy(zero_copy_only=False))


def has_parts(codec: ColumnCodec) -> bool:
    """Whether a column holds dates or times of a day."""
    kind = type_of(codec.type)
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind))
