"""Kept rows as plain arrays: each column in the smallest lossless form."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import BadInput

from ._profile_rows import CATEGORY, Rows

Arrays = dict[str, NDArray[Any]]
MOST_ROWS = 1 << 22
MOST_TEXT = 1 << 28
_SIMPLE = {
    str(kind): kind
    for kind in (
        pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(),
        pa.float16(), pa.float32(), pa.float64(), pa.bool_(), pa.string(), pa.null(), pa.date32(), pa.date64(),
        pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"), CATEGORY,
        *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
    )
}  # fmt: skip
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, tz=([A-Za-z0-9_+\-/:]{1,64}))?\]")
_SMALL = {"i": ("i1", "i2", "i4"), "u": ("u1", "u2", "u4"), "f": ("f4",)}


def need(condition: bool, message: str) -> None:
    """Raise ``BadInput`` unless the condition holds."""
    if not condition:
        raise BadInput(message)


def take(arrays: Arrays, name: str, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Remove an array that must be there with a dtype and shape."""
    need(name in arrays, f"array {name!r} is missing")
    a = arrays.pop(name)
    need(a.dtype == np.dtype(dtype) and a.shape == shape, f"array {name!r} is {a.dtype}{a.shape}, not {dtype}{shape}")
    return a


def type_of(text: Any) -> Any:
    """The Arrow type of a name that this file wrote."""
    if isinstance(text, str):
        if text in _SIMPLE:
            return _SIMPLE[text]
        if found := _TIMESTAMP.fullmatch(text):
            return pa.timestamp(found[1], found[2])
    raise BadInput(f"rows are kept of type {str(text)[:60]!r}")


def pack_rows(rows: Rows, arrays: Arrays) -> dict[str, Any]:
    """Put kept rows into arrays; returns what describes them."""
    arrays["r.priority"], arrays["r.position"] = rows.priority, rows.position
    types = []
    for j, field in enumerate(rows.table.schema):
        column = rows.table.column(j).combine_chunks()
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        types.append([field.name, str(field.type)])
        if pa.types.is_null(field.type):
            continue
        if column.null_count:
            arrays[f"r{j}.valid"] = np.packbits(column.is_valid().to_numpy(zero_copy_only=False))
        _pack(column, f"r{j}", arrays)
    return {"k": rows.k, "columns": types}


def _pack(column: Any, at: str, arrays: Arrays) -> None:
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type):
        column = column.fill_null("").dictionary_encode()
        texts = [t.encode() for t in column.dictionary.to_pylist()]
        arrays[f"{at}.text"] = np.frombuffer(b"".join(texts), np.uint8)
        arrays[f"{at}.length"] = _narrow(np.array([len(t) for t in texts], np.uint64))
        arrays[f"{at}.code"] = _narrow(column.indices.to_numpy(zero_copy_only=False).astype(np.uint64))
        return
    if column.null_count:
        column = column.fill_null(pa.scalar(0, pa.int64()).cast(_physical(column.type)).cast(column.type))
    x = column.cast(_physical(column.type)).to_numpy(zero_copy_only=False)
    bits = x.view(f"u{x.dtype.itemsize}")
    if x.dtype.itemsize > 1:
        values, codes = np.unique(bits, return_inverse=True)
        if len(values) <= 256 and len(values) * x.dtype.itemsize < len(x):
            arrays[f"{at}.value"], arrays[f"{at}.code"] = values.view(x.dtype), codes.astype(np.uint8)
            return
    arrays[f"{at}.value"] = _narrow(x)


def _physical(kind: Any) -> Any:
    if pa.types.is_boolean(kind):
        return pa.uint8()
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return pa.int32()
    if any(
        test(kind) for test in (pa.types.is_timestamp, pa.types.is_date64, pa.types.is_duration, pa.types.is_time64)
    ):
        return pa.int64()
    return kind


def _narrow(x: NDArray[Any]) -> NDArray[Any]:
    for small in _SMALL[x.dtype.kind]:
        if np.dtype(small).itemsize < x.dtype.itemsize:
            with np.errstate(over="ignore", invalid="ignore"):
                y = x.astype(small)
                back = y.astype(x.dtype)
            if back.tobytes() == x.tobytes():
                return np.asarray(y)
    return x


def unpack_rows(packed: Any, arrays: Arrays, n: int) -> Rows:
    """Kept rows from arrays."""
    need(set(packed) == {"k", "columns"} and type(packed["k"]) is int, "its rows are not described")
    need(1 <= packed["k"] <= MOST_ROWS and "r.priority" in arrays, "its rows are out of bounds")
    m = len(arrays["r.priority"])
    need(m <= min(packed["k"], n), f"it keeps {m} rows of {n}")
    priority = take(arrays, "r.priority", "u8", (m,))
    position = take(arrays, "r.position", "i8", (m,))
    need(bool((priority[1:] >= priority[:-1]).all()), "priorities of rows are out of order")
    need(bool((position >= 0).all()), "a row has no position")
    fields, columns = [], []
    for j, (name, kind) in enumerate(packed["columns"]):
        need(isinstance(name, str), "a kept column has no name")
        fields.append((name, type_of(kind)))
        columns.append(_unpack(fields[-1][1], f"r{j}", m, arrays))
    need(len({name for name, _ in fields}) == len(fields), "a kept column repeats")
    table = pa.table(columns, schema=pa.schema(fields)) if fields else pa.table({})
    table.validate(full=True)
    return Rows(table, priority, position, packed["k"])


def _unpack(kind: Any, at: str, m: int, arrays: Arrays) -> Any:
    if pa.types.is_null(kind):
        return pa.nulls(m)
    mask = None
    if f"{at}.valid" in arrays:
        bits = take(arrays, f"{at}.valid", "u1", ((m + 7) // 8,))
        mask = ~np.unpackbits(bits, count=m).astype(bool)
    if pa.types.is_string(kind):
        return _texts(at, m, mask, arrays)
    if kind == CATEGORY:
        return _texts(at, m, mask, arrays).dictionary_encode()
    base = np.dtype(_physical(kind).to_pandas_dtype())
    coded = f"{at}.code" in arrays
    raw = arrays.pop(f"{at}.value")
    need(
        raw.ndim == 1 and raw.dtype.kind == base.kind and raw.dtype.itemsize <= base.itemsize, f"{at} has a wrong dtype"
    )
    x = raw.astype(base)
    if coded:
        codes = take(arrays, f"{at}.code", "u1", (m,))
        need(not m or int(codes.max()) < len(x), f"{at} has a code without a value")
        x = x[codes]
    need(x.shape == (m,), f"{at} has {len(x)} values for {m} rows")
    need(not pa.types.is_boolean(kind) or not m or int(x.max()) <= 1, f"{at} is not boolean")
    return pa.array(x, mask=mask).cast(kind)


def _texts(at: str, m: int, mask: NDArray[np.bool_] | None, arrays: Arrays) -> Any:
    raw, lengths, codes = (arrays.pop(f"{at}.{part}") for part in ("text", "length", "code"))
    need(raw.dtype == np.uint8 and lengths.dtype.kind == codes.dtype.kind == "u", f"{at} has a wrong dtype")
    need(raw.ndim == lengths.ndim == 1 and codes.shape == (m,), f"{at} has a wrong shape")
    need(bool((lengths <= len(raw)).all()), f"{at} has other lengths than text")
    need(not m or int(codes.max()) < len(lengths), f"{at} has a code without a text")
    lengths = lengths.astype(np.int64)
    need(int(lengths.sum()) == len(raw), f"{at} has other lengths than text")
    need(float(lengths[codes].sum(dtype=np.float64)) <= MOST_TEXT, f"{at} holds too much text")
    ends = np.concatenate([[0], np.cumsum(lengths)]).tolist()
    whole = raw.tobytes()
    texts = [whole[a:b].decode("utf-8") for a, b in pairwise(ends)]
    values = pa.array(texts, pa.string()).take(pa.array(codes.astype(np.int64)))
    return values if mask is None else pa.array(values.to_pylist(), pa.string(), mask=mask)
