"""Artefacts: strict JSON beside plain arrays in one safetensors file, versioned; loading one can not run code.

An artefact is a safetensors file (8-byte header length, JSON header, raw little-endian arrays) whose
``__metadata__`` holds one entry, ``ecotone``: the text of a JSON object with ``format``, which is
``"ecotone.<kind>/<version>"``, and ``body``. Everything in the file is checked against its real size before anything
is allocated.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from ecotone.contracts import BadInput, write_whole

Arrays = Mapping[str, NDArray[Any]]

MOST_BYTES = 1 << 30
MOST_HEADER = 1 << 26
MOST_ARRAYS = 1 << 18
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1",
}  # fmt: skip


def write_artefact(path: str | Path, kind: str, version: int, body: Any, arrays: Arrays) -> None:
    """Write an artefact, whole or not at all."""
    write_whole([(path, encode_artefact(kind, version, body, arrays))])


def encode_artefact(kind: str, version: int, body: Any, arrays: Arrays) -> bytes:
    """The bytes of an artefact; the same body and arrays give the same bytes."""
    text = json.dumps(
        {"format": f"ecotone.{kind}/{version}", "body": body}, allow_nan=False, sort_keys=True, ensure_ascii=False
    )
    whole = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    return bytes(save(whole, metadata={"ecotone": text}))


def read_artefact(path: str | Path, kind: str, version: int) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Body and arrays of an artefact.

    Raises
    ------
    BadInput
        The file is missing, not an artefact, of another kind or version, damaged, or made to mislead.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if not path.is_file() or size > MOST_BYTES:
            raise BadInput(f"{path} is {'too large' if path.is_file() else 'not a file'}; give one {kind} artefact")
        data = path.read_bytes()
    except BadInput:
        raise
    except (OSError, ValueError) as error:  # a name may be too long, or hold a zero byte
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"cannot read {str(path)[:300]} ({reason}); check the path") from None
    return decode_artefact(data, kind, version, str(path))


def decode_artefact(data: bytes, kind: str, version: int, name: str) -> tuple[Any, dict[str, NDArray[Any]]]:
    """As :func:`read_artefact`, from bytes; ``name`` is what errors call them."""
    try:
        header, start = _header(data)
        body = _body(header.pop("__metadata__", None), kind, version)
        return body, _arrays(header, data, start)
    except _Damaged as error:
        remedy = f"give a file that this version's `ecotone {kind}` wrote, or make it again"
        raise BadInput(f"{name} is not a usable {kind} artefact: {error}; {remedy}") from None


class _Damaged(Exception):
    pass


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    if len(data) < 10:
        raise _Damaged(f"it has only {len(data)} bytes")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(len(data) - 8, MOST_HEADER):
        raise _Damaged(f"its header claims {length} bytes of {len(data)}")
    header = _json(data[8 : 8 + length], "header")
    if not isinstance(header, dict) or len(header) > MOST_ARRAYS:
        raise _Damaged("its header is not a list of arrays")
    return header, 8 + length


def _json(raw: bytes | str, what: str) -> Any:
    def no_constant(word: str) -> Any:
        raise _Damaged(f"its {what} holds {word}")

    def finite(word: str) -> float:
        value = float(word)
        if not math.isfinite(value):
            raise _Damaged(f"its {what} holds {word[:20]}")
        return value

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _Damaged(f"its {what} repeats a key")
        return found

    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        found = json.loads(text, parse_constant=no_constant, parse_float=finite, object_pairs_hook=distinct)
        json.dumps(found, ensure_ascii=False).encode()  # fails on halves of surrogate pairs
        return found
    except UnicodeDecodeError:
        raise _Damaged(f"its {what} is not UTF-8") from None
    except (ValueError, RecursionError):
        raise _Damaged(f"its {what} is not JSON") from None


def _body(metadata: Any, kind: str, version: int) -> Any:
    if not isinstance(metadata, dict) or set(metadata) != {"ecotone"} or not isinstance(metadata["ecotone"], str):
        raise _Damaged("it carries no Ecotone metadata")
    outer = _json(metadata["ecotone"], "metadata")
    wanted = f"ecotone.{kind}/{version}"
    if not isinstance(outer, dict) or set(outer) != {"format", "body"}:
        raise _Damaged("its metadata has no format")
    if outer["format"] != wanted:
        raise _Damaged(f"its format is {str(outer['format'])[:60]!r}, not {wanted!r}")
    return outer["body"]


def _arrays(header: dict[str, Any], data: bytes, start: int) -> dict[str, NDArray[Any]]:
    room = len(data) - start
    spans: list[tuple[int, int]] = []
    found: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if not 0 < len(name) <= 120 or not all(c.isalnum() or c in "._-" for c in name) or ".." in name:
            raise _Damaged(f"it names an array {name[:40]!r}")
        dtype, shape, begin, end = _entry(name, entry)
        if not 0 <= begin <= end <= room or end - begin != math.prod(shape) * dtype.itemsize:
            raise _Damaged(f"array {name!r} claims bytes {begin} to {end} of {room} for shape {shape}")
        spans.append((begin, end))
        flat = np.frombuffer(data, dtype, math.prod(shape), start + begin)
        found[name] = flat.reshape(shape).copy()
    at = 0
    for begin, end in sorted(spans):
        if begin != at:
            raise _Damaged("its arrays overlap or leave a gap")
        at = end
    if at != room:
        raise _Damaged(f"{room - at} bytes follow its arrays")
    return found


def _entry(name: str, entry: Any) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _Damaged(f"array {name!r} is not described")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _Damaged(f"array {name!r} has dtype {str(dtype)[:20]!r}")
    if not isinstance(shape, list) or len(shape) > 8 or not all(_count(s) for s in shape):
        raise _Damaged(f"array {name!r} has shape {str(shape)[:40]}")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_count(o) for o in offsets):
        raise _Damaged(f"array {name!r} has offsets {str(offsets)[:40]}")
    return np.dtype(DTYPES[dtype]), tuple(shape), offsets[0], offsets[1]


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_BYTES
