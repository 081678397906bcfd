"""Arrow's types as words in an artefact, and columns as the plain types that a model learns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def is_text(t: pa.DataType) -> bool:
    return bool(pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t))


def is_number(t: pa.DataType) -> bool:
    return bool(pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t))


def is_time(t: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(t) or pa.types.is_date(t) or pa.types.is_duration(t) or pa.types.is_time(t))


def is_level(t: pa.DataType) -> bool:
    """Whether values of the type are levels whatever they are."""
    binary = pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_fixed_size_binary(t)
    return bool(is_text(t) or pa.types.is_boolean(t) or pa.types.is_dictionary(t) or binary or is_interval(t))


def is_interval(t: pa.DataType) -> bool:
    """Whether the type holds the two ends of intervals, as pandas stores them."""
    return bool(pa.types.is_struct(t) and [field.name for field in t] == ["left", "right"])


def plain(column: Any) -> pa.Array:
    """A column as one array of a type that only says what the values are."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(column, pa.ChunkedArray):  # an extension type's, or one of no rows
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    t = column.type
    if isinstance(t, pa.BaseExtensionType):
        truth = str(getattr(t, "extension_name", "")) == "arrow.bool8"
        return pc.not_equal(column.storage, 0) if truth else plain(column.storage)
    if pa.types.is_run_end_encoded(t):
        return plain(pc.run_end_decode(column))
    if pa.types.is_dictionary(t):
        values = plain(column.dictionary)
        if pa.types.is_null(values.type):
            return pa.nulls(len(column))
        return pa.DictionaryArray.from_arrays(column.indices, values, ordered=t.ordered)
    if pa.types.is_string_view(t) or str(t) == "binary_view":
        return column.cast(pa.string() if pa.types.is_string_view(t) else pa.binary())
    if str(t).startswith(("decimal32", "decimal64")):
        return column.cast(pa.decimal128(t.precision, t.scale))
    return column


def word(t: pa.DataType) -> Any:
    """A plain type as JSON."""
    if pa.types.is_dictionary(t):
        return {"dictionary": word(t.value_type), "index": str(t.index_type), "ordered": bool(t.ordered)}
    if is_interval(t):
        return {"interval": word(t.field(0).type)}
    return str(t)


def type_of(said: Any) -> pa.DataType:
    """The plain type that :func:`word` said; raises ``ValueError``."""
    if isinstance(said, dict):
        if "interval" in said:
            end = type_of(said["interval"])
            return pa.struct([("left", end), ("right", end)])
        index = type_of(said["index"])
        if not pa.types.is_integer(index):
            raise ValueError(f"a dictionary indexed by {index}")
        return pa.dictionary(index, type_of(said["dictionary"]), bool(said["ordered"]))
    name, _, inside = str(said).partition("[" if "[" in str(said) else "(")
    parts = [part.strip() for part in inside.rstrip("])").split(",")] if inside else []
    if name == "timestamp":
        zone = parts[1].removeprefix("tz=") if len(parts) > 1 else None
        return pa.timestamp(parts[0], zone)
    if name in ("duration", "time32", "time64") and parts:
        return {"duration": pa.duration, "time32": pa.time32, "time64": pa.time64}[name](parts[0])
    if name in ("decimal128", "decimal256"):
        return getattr(pa, name)(int(parts[0]), int(parts[1]))
    if name == "fixed_size_binary":
        return pa.binary(int(parts[0]))
    if name in ("date32", "date64"):  # their words name the unit
        return getattr(pa, name)()
    return pa.type_for_alias(str(said))
