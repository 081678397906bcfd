"""Levels as JSON: what values of any plain type are told apart by, and the values again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ._types import is_interval, is_text, is_time

Key = Any
"""None (missing), a text, a truth value, a number, or a tuple of keys."""


def keys_of(array: pa.Array) -> list[Key]:
    """The keys ``(n,)`` of a plain array; raises ``ValueError`` for a type that has none."""
    t = array.type
    if pa.types.is_dictionary(t):
        known = keys_of(array.dictionary)
        return [None if i is None else known[i] for i in array.indices.to_pylist()]
    if is_interval(t):
        ends = (keys_of(array.field(0)), keys_of(array.field(1)))
        return [both if ok else None for both, ok in zip(zip(*ends, strict=True), array.is_valid().to_pylist())]
    if is_time(t):
        array = array.cast(whole_type(t))
    elif not (pa.types.is_null(t) or pa.types.is_boolean(t) or is_text(t) or pa.types.is_integer(t)):
        return [None if v is None else _key(v) for v in array.to_pylist()]
    found: list[Key] = array.to_pylist()
    return found


def _key(value: Any) -> Key:
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    raise ValueError("not levels")


def array_of(keys: Sequence[Key], t: pa.DataType) -> pa.Array:
    """The values of a plain type that is no dictionary for which keys stand."""
    if is_interval(t):
        ends = [array_of([None if k is None else k[i] for k in keys], t.field(i).type) for i in (0, 1)]
        return pa.StructArray.from_arrays(ends, fields=list(t), mask=pa.array([k is None for k in keys]))
    if is_time(t):
        return pa.array(keys, whole_type(t)).cast(t)
    if pa.types.is_floating(t):
        return pa.array([None if k is None else float(k) for k in keys], pa.float64()).cast(t)
    if pa.types.is_decimal(t):
        return pa.array([None if k is None else Decimal(k) for k in keys], t)
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_fixed_size_binary(t):
        return pa.array([None if k is None else bytes.fromhex(k) for k in keys], t)
    return pa.array(keys, t)


def key_of(value: Any, t: pa.DataType) -> Key:
    """The key of a user's value in a column of a plain type that is no dictionary; raises ``ValueError``."""
    if is_interval(t):
        return tuple(key_of(getattr(value, end, None), t.field(i).type) for i, end in enumerate(("left", "right")))
    try:
        if pa.types.is_binary(t) and isinstance(value, str):
            return value
        one = pa.array([value])
        return keys_of(one.cast(t) if one.type != t else one)[0]
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


def whole_type(t: pa.DataType) -> pa.DataType:
    """The integers that a time is stored as."""
    return pa.int32() if t.bit_width == 32 else pa.int64()


def from_json(keys: Sequence[Any]) -> tuple[Key, ...]:
    """Keys as they were before JSON made lists of their tuples."""
    return tuple(from_json(k) if isinstance(k, list) else k for k in keys)
