"""Arrow columns as numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import Floats

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def plain(a: pa.ChunkedArray) -> pa.ChunkedArray:
    """Extension types as what they store."""
    if isinstance(a.type, pa.BaseExtensionType):
        return pa.chunked_array([c.storage for c in a.chunks], a.type.storage_type)
    return a


def floats(a: pa.ChunkedArray) -> Floats:
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


def whole_numbers(arrays: list[pa.ChunkedArray]) -> NDArray[Any] | None:
    if all(pa.types.is_integer(a.type) and not pa.types.is_uint64(a.type) and a.null_count == 0 for a in arrays):
        return np.concatenate([a.cast(pa.int64()).to_numpy() for a in arrays])
    return None
