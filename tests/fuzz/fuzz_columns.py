"""Columns of every Arrow type, with the values that break things."""

from __future__ import annotations

import decimal
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Random = np.random.Generator

WORDS = ["a", "b", "", " ", "NA", "null", "nan", "0", "1", "007", "1.5", "-1e308", "true", "False", "2024-02-29",
         "12:30", "2024-02-29T12:00:00Z", "é", "日本", "😀", "\0", "a,b", 'q"q', "x\ny", "<b>", "%s", "=1+1", "w" * 300,
         "99999999999999999999", "\ufeff", "\u202e"]  # fmt: skip
FLOATS = [0.0, -0.0, 1.0, 0.1, -1.5, 1e308, -1e308, 5e-324, 1e-300, float("inf"), float("-inf"), float("nan"), 2.0**53]
UNITS = ("s", "ms", "us", "ns")


def picked(rng: Random, n: int, values: list[Any], kind: pa.DataType | None = None) -> pa.Array:
    few = [values[i] for i in rng.integers(0, len(values), int(rng.choice([1, 2, 4, 30])))]
    return pa.array([few[i] for i in rng.integers(0, len(few), n)], kind)


def integers(kind: pa.DataType) -> Callable[[Random, int], pa.Array]:
    info = np.iinfo(kind.to_pandas_dtype())

    def make(rng: Random, n: int) -> pa.Array:
        how = rng.integers(5)
        if how == 0:
            return pa.array(rng.integers(info.min, info.max, n, info.dtype, endpoint=True), kind)
        if how == 1:
            return picked(rng, n, [0, 1, int(info.max), int(info.min), max(int(info.min), -1)], kind)
        if how == 2:
            return pa.array(np.minimum(np.arange(n), min(int(info.max), 2**62)), kind)
        return pa.array(rng.integers(0, int(rng.choice([2, 3, 100])), n), kind)

    return make


def floats(kind: pa.DataType) -> Callable[[Random, int], pa.Array]:
    def make(rng: Random, n: int) -> pa.Array:
        with np.errstate(over="ignore", under="ignore"):
            if rng.random() < 0.5:
                return pa.array(rng.normal(size=n).astype(kind.to_pandas_dtype()), kind)
            return pa.array(np.array(picked(rng, n, FLOATS).to_pylist()).astype(kind.to_pandas_dtype()), kind)

    return make


def texts(kind: pa.DataType) -> Callable[[Random, int], pa.Array]:
    def make(rng: Random, n: int) -> pa.Array:
        if rng.random() < 0.2:
            return pa.array([f"{v:016x}" for v in rng.integers(0, 2**62, n)], kind)
        return picked(rng, n, WORDS, kind)

    return make


def whole(kind: pa.DataType, low: int, high: int, store: pa.DataType) -> Callable[[Random, int], pa.Array]:
    def make(rng: Random, n: int) -> pa.Array:
        values = rng.integers(low, high, n) if rng.random() < 0.6 else rng.choice([low, 0, high - 1], n)
        return pa.array(values, store).cast(kind)

    return make


def decimals(kind: pa.DataType) -> Callable[[Random, int], pa.Array]:
    largest = decimal.Decimal("9" * (kind.precision - kind.scale))
    values = [decimal.Decimal(0), decimal.Decimal("1.25"), decimal.Decimal("-3.5"), largest, largest.copy_negate()]
    return lambda rng, n: picked(rng, n, values, kind)


def fixed(values: list[Any], kind: pa.DataType | None = None) -> Callable[[Random, int], pa.Array]:
    return lambda rng, n: picked(rng, n, values, kind)


SIMPLE: dict[str, Callable[[Random, int], pa.Array]] = {
    **{str(t): integers(t) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{str(t): integers(t) for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    **{str(t): floats(t) for t in (pa.float16(), pa.float32(), pa.float64())},
    "bool": fixed([True, False]),
    **{str(t): texts(t) for t in (pa.string(), pa.large_string(), pa.string_view())},
    **{str(t): fixed([b"", b"a", b"\xff\0"], t) for t in (pa.binary(), pa.large_binary(), pa.binary_view())},
    "fixed": fixed([b"ab", b"\xff\0"], pa.binary(2)),
    **{str(t): decimals(t) for t in (pa.decimal32(9, 2), pa.decimal64(18, 2))},
    **{str(t): decimals(t) for t in (pa.decimal128(38, 4), pa.decimal256(70, 4))},
    "date32": whole(pa.date32(), -(2**31), 2**31, pa.int32()),
    "date64": whole(pa.date64(), -(10**13), 10**13, pa.int64()),
    **{f"timestamp {u}": whole(pa.timestamp(u), -(2**62), 2**62, pa.int64()) for u in UNITS},
    **{f"near {u}": whole(pa.timestamp(u), 0, 10**9, pa.int64()) for u in UNITS},
    "zone": whole(pa.timestamp("us", "Europe/Berlin"), -(10**16), 10**16, pa.int64()),
    "odd zone": whole(pa.timestamp("s", "+05:45"), 0, 10**9, pa.int64()),
    "time32": whole(pa.time32("ms"), 0, 86_400_000, pa.int32()),
    "time64": whole(pa.time64("ns"), 0, 86_400_000_000_000, pa.int64()),
    **{f"duration {u}": whole(pa.duration(u), -(2**62), 2**62, pa.int64()) for u in UNITS},
    "interval": fixed([pa.MonthDayNano([1, 2, 3]), pa.MonthDayNano([2**31 - 1, -(2**31), 2**63 - 1])]),
    "null": lambda rng, n: pa.nulls(n),
}  # fmt: skip
NESTED: dict[str, Callable[[Random, int], pa.Array]] = {
    "list": fixed([[1], [], [1, None]]),
    "list of views": fixed([["a"], []], pa.list_(pa.string_view())),
    "large list": fixed([[1.5], []], pa.large_list(pa.float64())),
    "list view": fixed([[1], []], pa.list_view(pa.int64())),
    "fixed list": fixed([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)),
    "struct": fixed([{"a": 1, "b": "x"}, {"a": None, "b": None}]),
    "map": fixed([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
    "bool8": lambda rng, n: pa.ExtensionArray.from_storage(pa.bool8(), pa.array(rng.integers(-1, 3, n), pa.int8())),
    "uuid": lambda rng, n: pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([uuid.UUID(int=int(v)).bytes for v in rng.integers(0, 2**62, n)], pa.binary(16))
    ),
    "json": lambda rng, n: pa.ExtensionArray.from_storage(pa.json_(), picked(rng, n, ['{"a":1}', "[]"], pa.string())),
    "fixed tensor": lambda rng, n: pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.int32(), (2,)), pa.array([[1, 2]] * n, pa.list_(pa.int32(), 2))
    ),
    "dictionary of null": lambda rng, n: pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int8()), pa.nulls(1)),
}
ALL = [*SIMPLE, *NESTED, *(f"dictionary {name}" for name in SIMPLE), *(f"runs {name}" for name in ("double", "string"))]


def column(rng: Random, n: int, what: str) -> pa.Array:
    """A column of one type: with no, some or only missing values, perhaps a slice of a larger one."""
    off = int(rng.integers(0, 3))
    array = _made(rng, n + off, what).slice(off)
    share = float(rng.choice([0.0, 0.0, 0.3, 1.0], p=[0.5, 0.2, 0.25, 0.05]))
    if share and n and not what.startswith("runs"):
        gone = rng.random(n) < share
        try:
            keep = pa.array(np.where(gone, 0, np.arange(n)), pa.int64(), mask=gone)
            return array.take(keep)
        except pa.ArrowException:
            return array
    return array


def _made(rng: Random, n: int, what: str) -> pa.Array:
    if what.startswith("dictionary ") and what not in NESTED:
        levels = SIMPLE[what.removeprefix("dictionary ")](rng, int(rng.integers(1, 6)))
        codes = pa.array(rng.integers(0, len(levels), n), rng.choice(np.array([pa.int8(), pa.int32(), pa.uint16()])))
        return pa.DictionaryArray.from_arrays(codes, levels, ordered=bool(rng.integers(2)))
    if what.startswith("runs "):
        return pc.run_end_encode(SIMPLE[what.removeprefix("runs ")](rng, n))
    return (SIMPLE | NESTED)[what](rng, n)
