"""Columns as Arrow stores them: to numbers and levels, and back to the type that was learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import Floats

from ._level_codec import LevelCodec
from ._number_codec import NumberCodec

ColumnCodec = NumberCodec | LevelCodec


def is_text(t: pa.DataType) -> bool:
    t = t.value_type if pa.types.is_dictionary(t) else t
    return bool(pa.types.is_string(t) or pa.types.is_large_string(t) or t == pa.string_view())


def is_number(t: pa.DataType) -> bool:
    return bool(pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t))


def is_time(t: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(t) or pa.types.is_date(t) or pa.types.is_duration(t) or pa.types.is_time(t))


def levels_of(column: Any) -> list[Any]:
    if not (pa.types.is_boolean(column.type) or is_text(column.type) or column.null_count == len(column)):
        raise ValueError("not levels")
    found: list[Any] = column.to_pylist()
    return found


def numbers_of(column: Any) -> Floats:
    """(n,) float64, NaN where missing; times as whole numbers of their own unit."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    t = column.type
    if is_time(t):
        column = column.cast(pa.int32() if t in (pa.date32(), pa.time32("s"), pa.time32("ms")) else pa.int64())
    elif not is_number(t) and column.null_count < len(column):
        raise ValueError("not numbers")
    found = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.array(found, np.float64)


def as_stored(column: Any, codec: NumberCodec) -> Any:
    """Times in the unit that was learned; other columns as they are."""
    wanted = pa.type_for_alias(codec.type) if not codec.type.startswith(("timestamp", "decimal", "duration")) else None
    if codec.type.startswith(("timestamp", "duration", "date", "time")) != is_time(column.type):
        raise ValueError("a time against a number")
    if codec.type.startswith("timestamp") and str(column.type) != codec.type:
        return column.cast(stored_type(codec.type))
    return column.cast(wanted) if wanted is not None and is_time(wanted) else column


def stored_type(text: str) -> pa.DataType:
    """The Arrow type of which this is the word."""
    if text.startswith(("timestamp[", "duration[")):
        unit, _, zone = text.partition("[")[2].rstrip("]").partition(", tz=")
        return pa.duration(unit) if text[0] == "d" else pa.timestamp(unit, zone or None)
    if text.startswith("decimal"):
        return pa.float64()
    if text.startswith("dictionary"):
        return pa.dictionary(pa.int32(), pa.string())
    return pa.string() if text == "string_view" else pa.type_for_alias(text)


def stored(codec: ColumnCodec, values: Any) -> Any:
    """An Arrow array of the type that was learned."""
    kind = stored_type(codec.type)
    if isinstance(codec, LevelCodec):
        return (
            pa.array(values, pa.string()).dictionary_encode()
            if pa.types.is_dictionary(kind)
            else pa.array(values, kind)
        )
    gone = np.isnan(values)
    if pa.types.is_floating(kind):
        return pa.array(values, mask=gone).cast(kind, safe=False)
    limits = (-(2**62), 2**62)
    if pa.types.is_integer(kind):
        info = np.iinfo(kind.to_pandas_dtype())
        limits = (max(info.min, limits[0]), min(info.max, limits[1]))
    whole = np.clip(np.rint(np.where(gone, 0, values)), *limits).astype(np.int64)
    array = pa.array(whole, mask=gone)
    if is_time(kind):
        return array.cast(pa.int32()).cast(kind) if kind.bit_width == 32 else array.cast(kind)
    return array.cast(kind)
