"""Columns as Arrow stores them: to numbers and levels, and back to the type that was learned."""

from __future__ import annotations

import decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import Bools, Floats

from ._encoded import Encoded
from ._keys import array_of, keys_of, whole_type
from ._lattice import Whole, on_grid
from ._level_codec import LevelCodec
from ._number_codec import NumberCodec
from ._types import is_number, is_time, plain, type_of

ColumnCodec = NumberCodec | LevelCodec
_PRECISION = {16: 2.0**-11, 32: 2.0**-24, 64: 2.0**-53}


def encode(column: Any, codec: ColumnCodec) -> Encoded:
    """A column as the codec's rows; raises ``ValueError`` or Arrow's errors for a type that it can not be."""
    array = plain(column)
    if isinstance(codec, LevelCodec):
        return codec.encode(keys_of(as_stored(array, codec)))
    return codec.encode(numbers_of(as_stored(array, codec), codec))


def as_stored(array: pa.Array, codec: ColumnCodec) -> pa.Array:
    """A plain array in the family of the type that was learned: levels of its values, times in its unit."""
    kind = type_of(codec.type)
    if pa.types.is_null(array.type) or array.null_count == len(array):
        return pa.nulls(len(array), kind.value_type if pa.types.is_dictionary(kind) else kind)
    if isinstance(codec, LevelCodec):
        wanted = kind.value_type if pa.types.is_dictionary(kind) else kind
        found = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
        if pa.types.is_boolean(wanted) != pa.types.is_boolean(found):
            raise ValueError("truth values against others")
        if found == wanted:
            return array
        return (array.dictionary_decode() if pa.types.is_dictionary(array.type) else array).cast(wanted)
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    if is_time(kind) != is_time(array.type) or not (is_time(array.type) or is_number(array.type)):
        raise ValueError("not numbers of this kind")
    return array.cast(kind) if is_time(kind) and array.type != kind else array


def numbers_of(array: pa.Array, codec: NumberCodec) -> Floats:
    """(n,) float64 in the codec's scale, NaN where missing."""
    gone, lattice = missing(array), codec.lattice
    if lattice is None:
        return np.asarray(np.ldexp(floats(array), -codec.power))
    if (whole := wholes(array, lattice.digits)) is not None:
        return lattice.steps(whole, gone)
    x = np.where(gone, 0.0, floats(array))
    grid, fits = on_grid(x, lattice.digits, precision(array.type))
    fits &= np.abs(grid) < 2.0**62
    steps = lattice.steps(np.where(fits, grid, 0).astype(np.int64), gone)
    between = (np.floor(np.clip(grid, -1e300, 1e300)) + 0.5 - lattice.origin) / lattice.step
    return np.where(fits | gone, steps, between)


def missing(array: pa.Array) -> Bools:
    """(n,) whether a value is missing: null, or not a number."""
    gone = pc.is_null(array, nan_is_null=True) if pa.types.is_floating(array.type) else pc.is_null(array)
    return np.asarray(gone.to_numpy(zero_copy_only=False), dtype=bool)


def floats(array: pa.Array) -> Floats:
    """(n,) float64, NaN where missing."""
    return np.array(pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def precision(t: pa.DataType) -> float:
    """Half of the distance from 1 to the next number of a floating type."""
    return _PRECISION[t.bit_width if pa.types.is_floating(t) else 64]


def wholes(array: pa.Array, digits: int = 0) -> Whole | None:
    """(n,) integers, times and decimals as whole numbers of ``digits`` places, 0 where missing; None for other types.

    Decimals of more places are those of none: half a step off.
    """
    t = array.type
    if pa.types.is_decimal(t):
        return _unscaled(array, digits) if t.scale <= digits else None
    if is_time(t):
        array = array.cast(whole_type(t))
    elif not pa.types.is_integer(t):
        return None
    found: Whole = array.fill_null(0).to_numpy(zero_copy_only=False)
    if digits:
        found = np.array([int(v) * 10**digits for v in found], dtype=object)
    return found


def _unscaled(array: pa.Array, digits: int) -> Whole:
    """Decimals as whole numbers of ``digits`` places; int64 where they fit."""
    more = 10 ** (digits - array.type.scale)
    with decimal.localcontext(prec=160):
        found = [0 if v is None else int(v.scaleb(array.type.scale)) * more for v in array.to_pylist()]
    fits = all(-(2**63) <= v < 2**63 for v in found)
    return np.array(found, dtype=np.int64 if fits else object)


def stored(codec: ColumnCodec, values: Any) -> pa.Array:
    """An Arrow array, of the type that was learned, of a codec's values."""
    kind = type_of(codec.type)
    if isinstance(codec, NumberCodec):
        return _stored_numbers(codec, kind, values)
    if not pa.types.is_dictionary(kind):
        return array_of(values, kind)
    known = codec.categories or (*codec.levels, *codec.rare)
    place = {key: i for i, key in enumerate(known)}
    indices = pa.array([None if v is None else place[v] for v in values], pa.int64())
    index = kind.index_type if len(known) <= np.iinfo(kind.index_type.to_pandas_dtype()).max else pa.int64()
    return pa.DictionaryArray.from_arrays(indices.cast(index), array_of(known, kind.value_type), ordered=kind.ordered)


def _stored_numbers(codec: NumberCodec, kind: pa.DataType, values: Floats) -> pa.Array:
    gone, lattice = np.isnan(values), codec.lattice
    if lattice is None:
        with np.errstate(over="ignore"):
            x = np.ldexp(values, codec.power)
        most = {16: 65504.0, 32: float(np.finfo(np.float32).max), 64: float(np.finfo(np.float64).max)}[kind.bit_width]
        return pa.array(np.clip(x, -most, most), mask=gone).cast(kind, safe=False)
    if pa.types.is_floating(kind):
        whole = lattice.whole(values, -(2**62), 2**62).astype(np.float64)
        return pa.array(whole / 10.0**lattice.digits, mask=gone).cast(kind, safe=False)
    if pa.types.is_decimal(kind):
        most = (10**kind.precision - 1) * 10 ** (lattice.digits - kind.scale)
        whole = lattice.whole(values, -most, most)
        with decimal.localcontext(prec=160):
            made = [None if g else decimal.Decimal(int(v)).scaleb(-lattice.digits) for v, g in zip(whole, gone)]
        return pa.array(made, kind)
    storage = whole_type(kind) if is_time(kind) else kind
    info = np.iinfo(storage.to_pandas_dtype())
    low, high = _within(kind, int(info.min), int(info.max))
    whole = lattice.whole(values, low, high).astype(storage.to_pandas_dtype())
    return pa.array(whole, mask=gone).cast(kind)


def _within(kind: pa.DataType, low: int, high: int) -> tuple[int, int]:
    """The whole numbers that a type holds: times of a day end with it."""
    if pa.types.is_time(kind):
        return 0, 86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit] - 1
    return low, high
