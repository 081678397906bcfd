"""The one table of Arrow's types: what a stored type holds, and the plain type that its values are read in."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Family = Literal["null", "boolean", "number", "time", "text", "nested"]

_FAMILIES: tuple[tuple[Family, tuple[Any, ...]], ...] = (
    ("null", (pa.types.is_null,)),
    ("boolean", (pa.types.is_boolean,)),
    ("number", (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)),
    ("number", (pa.types.is_duration, pa.types.is_time)),
    ("time", (pa.types.is_timestamp, pa.types.is_date)),
    ("text", (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)),
)


def family(kind: pa.DataType) -> Family:
    """What a stored type holds; a dictionary is a category, whose levels are texts, whatever it is a dictionary of."""
    kind = plain_type(kind)
    if pa.types.is_dictionary(kind):
        return "nested" if family(kind.value_type) == "nested" else "text"
    return next((name for name, tests in _FAMILIES if any(test(kind) for test in tests)), "nested")


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type that values of a stored type are read in: what only saves room, or only names, is taken off.

    Arrow has no sorting, taking or casting of several of these types; as plain ones every method reads them.
    """
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return pa.bool_() if _is_bool8(kind) else plain_type(kind.storage_type)
    if types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if types.is_string_view(kind):
        return pa.string()
    if types.is_binary_view(kind):
        return pa.binary()
    if types.is_interval(kind):
        return pa.duration("us")
    if types.is_decimal32(kind) or types.is_decimal64(kind):
        return pa.decimal128(kind.precision, kind.scale)
    if types.is_dictionary(kind):
        value = plain_type(kind.value_type)
        return value if types.is_null(value) else pa.dictionary(kind.index_type, value, kind.ordered)
    return _plain_nested(kind)


def _plain_nested(kind: pa.DataType) -> pa.DataType:
    """Nested values are only counted, but rows of them are taken: of plain types, too."""
    types = pa.types
    if types.is_struct(kind):
        return pa.struct([kind.field(i).with_type(plain_type(kind.field(i).type)) for i in range(kind.num_fields)])
    if types.is_list(kind) or types.is_list_view(kind):
        return pa.list_(plain_type(kind.value_type))
    if types.is_large_list(kind) or types.is_large_list_view(kind):
        return pa.large_list(plain_type(kind.value_type))
    if types.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type), kind.list_size)
    if types.is_map(kind):
        return pa.map_(plain_type(kind.key_type), plain_type(kind.item_type))
    return kind


def plain_array(array: pa.Array) -> pa.Array:
    """An array in its plain type; texts in UTF-8, with replacement characters where they are not."""
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _readable(array)
    if kind == plain_type(kind) and not pa.types.is_dictionary(kind):
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return pc.not_equal(array.storage, 0) if _is_bool8(kind) else plain_array(array.storage)
    if pa.types.is_run_end_encoded(kind):
        return plain_array(pc.run_end_decode(array))
    if pa.types.is_dictionary(kind):
        if pa.types.is_null(plain_type(kind)):
            return pa.nulls(len(array))
        return pa.DictionaryArray.from_arrays(array.indices, plain_array(array.dictionary), ordered=kind.ordered)
    if pa.types.is_interval(kind):
        return _durations(array)
    return plain_array(array.cast(plain_type(kind)))


def _durations(array: pa.Array) -> pa.Array:
    """Months, days and nanoseconds as microseconds; a month counts 30 days, as databases compare intervals."""
    stored = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")])
    data = array.buffers()[1]
    raw = np.frombuffer(data, stored, len(array), array.offset * stored.itemsize) if len(array) else np.empty(0, stored)
    days = raw["months"].astype(np.int64) * 30 + raw["days"]
    whole = pa.array(days * 86_400_000_000 + raw["nanoseconds"] // 1000, mask=~array.is_valid().to_numpy(False))
    return whole.cast(pa.duration("us"))


def _readable(texts: pa.Array) -> pa.Array:
    try:
        texts.validate(full=True)
        return texts
    except pa.ArrowInvalid:
        found = texts.cast(pa.large_binary()).to_pylist()
        return pa.array([None if t is None else t.decode("utf-8", "replace") for t in found], texts.type)


def _is_bool8(kind: Any) -> bool:
    return str(getattr(kind, "extension_name", "")) == "arrow.bool8"
