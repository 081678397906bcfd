"""Names of classes and numbers, as models and tables write them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats


def key(value: Any) -> str | None:
    """One name for equal labels: 1, 1.0 and True are one class."""
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def keys(values: Any) -> NDArray[np.object_]:
    """Names of classes, None where missing."""
    if isinstance(values, (pa.ChunkedArray, pa.Array)):
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        coded = (values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values).dictionary_encode()
        names = np.array([key(v) for v in coded.dictionary.to_pylist()] + [None], dtype=object)
        return np.asarray(names[coded.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)])
    found, place = np.unique(np.asarray(values), return_inverse=True)
    return np.asarray(np.array([key(v) for v in found.tolist()], dtype=object)[place])


def numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def numbers(values: Any, name: str, where: str) -> Floats:
    if isinstance(values, (pa.ChunkedArray, pa.Array)):
        if not (numeric(values.type) or pa.types.is_boolean(values.type) or pa.types.is_null(values.type)):
            raise BadInput(f"{name} of {where} holds {values.type}, not numbers; a regression needs numbers")
        values = values.cast(pa.float64(), safe=False).to_numpy()
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"{name} of {where} does not hold numbers; a regression needs numbers") from None


def natural(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def named_after(column: str, classes: list[str]) -> int | None:
    for i, name in sorted(enumerate(classes), key=lambda pair: -len(pair[1])):
        if column == name or column.endswith((f"_{name}", f"-{name}", f"={name}", f" {name}", f"[{name}]", f".{name}")):
            return i
    return None
