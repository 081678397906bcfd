"""Numbers that float64 cannot tell apart: whole numbers beyond 2**53, decimals of many digits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import Bools, Ints

_EXACT = 2**53  # beyond it not every whole number is a float
#: Share of the rows whose value has another's float64, up to which these count as equal.
FEW = 0.01


@dataclass(frozen=True)
class Exact:
    """Exact values of both tables as places among the distinct ones.

    Parameters
    ----------
    codes : (n,) int64
        -1 where missing.
    values : pyarrow.Array
        Distinct values, rising.
    merged : int
        Rows whose value shares its float64 with another value.
    """

    codes: Ints
    values: pa.Array
    merged: int

    def offsets(self) -> Ints | None:
        """(n,) whole numbers less the smallest, 0 where missing; None where they are not whole or too far apart."""
        t = self.values.type
        if pa.types.is_decimal(t) and t.scale > 0:
            return None
        numbers = [int(v) for v in self.values.to_pylist()]
        if numbers[-1] - numbers[0] >= 2**63:
            return None
        return np.append(np.array([v - numbers[0] for v in numbers], np.int64), 0)[self.codes]

    def take(self, rows: Bools) -> Exact:
        """The same at some rows; values that are left without a row stay."""
        return replace(self, codes=self.codes[rows])


def exact_values(arrays: list[pa.ChunkedArray]) -> Exact | None:
    """Exact values where float64 would make some of them equal; None where it keeps them apart."""
    kinds = [a.type for a in arrays if not pa.types.is_null(a.type)]
    if not kinds or not all(pa.types.is_integer(t) or pa.types.is_decimal(t) for t in kinds):
        return None
    if not any(_may_merge(a) for a in arrays):
        return None
    common = _common(arrays)
    try:
        whole = pa.chunked_array([c for a in arrays for c in a.cast(common).chunks], common)
    except pa.ArrowInvalid:  # a decimal of more digits than any type holds beside the other table's
        return None
    encoded = whole.dictionary_encode().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    place = np.empty(len(order) + 1, np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1
    codes = place[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)]
    values = encoded.dictionary.take(pa.array(order))
    floats = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    twin = np.zeros(len(floats), bool)
    twin[1:] |= floats[1:] == floats[:-1]
    twin[:-1] |= floats[1:] == floats[:-1]
    if not twin.any():
        return None
    return Exact(codes, values, int(np.append(twin, False)[codes].sum()))


def _may_merge(a: pa.ChunkedArray) -> bool:
    if pa.types.is_decimal(a.type):
        return bool(a.type.precision > 15)
    if not (pa.types.is_int64(a.type) or pa.types.is_uint64(a.type)):
        return False
    ends = pc.min_max(a).as_py()
    return ends["min"] is not None and (ends["min"] < -_EXACT or ends["max"] > _EXACT)


def _common(arrays: list[pa.ChunkedArray]) -> pa.DataType:
    """A type that holds both tables' values exactly."""
    kinds = [a.type for a in arrays if not pa.types.is_null(a.type)]
    if all(pa.types.is_integer(t) for t in kinds):
        ends = [e for a in arrays for e in pc.min_max(a).as_py().values() if e is not None]
        if not ends or max(ends) < 2**63:
            return pa.int64()
        return pa.uint64() if min(ends) >= 0 else pa.decimal128(20, 0)
    scales = [t.scale if pa.types.is_decimal(t) else 0 for t in kinds]
    wholes = [t.precision - t.scale if pa.types.is_decimal(t) else 20 for t in kinds]
    digits = max(wholes) + max(scales)
    return pa.decimal128(digits, max(scales)) if digits <= 38 else pa.decimal256(min(digits, 76), max(scales))
