"""Files of stored activations: parts of rows, a head, and an index that is written last."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from ecotone.contracts import BadInput
from ecotone.data import read_artefact, write_artefact
from ecotone.data._artefact import MOST_HEADER, _body, _Damaged, _entry, _header, _json

from ._stored import Piece

KIND, VERSION = "activations", 1
FORMAT = f"ecotone.{KIND}/{VERSION}"
INDEX, HEAD = "index.json", "head.safetensors"


class Part(NamedTuple):
    """One file: its rows, what it says of itself, and its arrays by name."""

    rows: int
    body: dict[str, Any]
    arrays: dict[str, Piece]

    def kinds(self) -> dict[str, list[Any]]:
        """Dtype and shape of a row of each array."""
        return {name: [str(piece.dtype), *piece.shape[1:]] for name, piece in sorted(self.arrays.items())}


def part_path(folder: Path, number: int) -> Path:
    """The file of the ``number``-th part."""
    return folder / f"part-{number:05d}.safetensors"


def write_part(folder: Path, number: int, body: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Write a part whole or not at all."""
    write_artefact(part_path(folder, number), KIND, VERSION, body, arrays)


def find_part(path: Path) -> Part:
    """Where the arrays of a part lie; ``_Damaged`` unless the file is whole."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(8)
            length = int.from_bytes(first, "little")
            if len(first) < 8 or length > min(size - 8, MOST_HEADER):
                raise _Damaged(f"its header claims {length} bytes of {size}")
            header, start = _header(first + file.read(length))
    except OSError as error:
        raise _Damaged(error.strerror or str(error)) from None
    body = _body(header.pop("__metadata__", None), KIND, VERSION)
    arrays, at = {}, 0
    for name, entry in sorted(header.items(), key=_begin):
        dtype, shape, begin, end = _entry(name, entry)
        if begin != at or not shape or end - begin != _bytes(dtype.itemsize, shape):
            raise _Damaged(f"array {name!r} claims bytes {begin} to {end} for shape {shape}")
        arrays[name], at = Piece(path, dtype, shape, start + begin), end
    if start + at != size:
        raise _Damaged(f"it has {size} bytes, not {start + at}")
    lengths = {piece.shape[0] for piece in arrays.values()}
    if not isinstance(body, dict) or len(lengths) != 1:
        raise _Damaged("its arrays have different numbers of rows")
    return Part(lengths.pop(), body, arrays)


def _begin(item: tuple[str, Any]) -> Any:
    offsets = item[1].get("data_offsets") if isinstance(item[1], dict) else None
    return offsets[0] if isinstance(offsets, list) and offsets and type(offsets[0]) is int else -1


def _bytes(size: int, shape: tuple[int, ...]) -> int:
    for side in shape:
        size *= side
    return size


def write_index(folder: Path, index: dict[str, Any]) -> None:
    """Write the index to a file beside it, then rename it."""
    beside = folder / f".{INDEX}.writing"
    beside.write_text(json.dumps({"format": FORMAT, **index}, indent=1, allow_nan=False), encoding="utf-8")
    os.replace(beside, folder / INDEX)


def read_index(folder: Path) -> dict[str, Any] | None:
    """The index, or None where there is none yet.

    Raises
    ------
    BadInput
        It is damaged or of another version.
    """
    path = folder / INDEX
    if not path.is_file():
        return None
    try:
        index = _json(path.read_bytes(), "index")
        if not isinstance(index, dict) or index.get("format") != FORMAT:
            found = index.get("format") if isinstance(index, dict) else None
            raise _Damaged(f"its format is {str(found)[:60]!r}, not {FORMAT!r}")
        parts, layers, arrays = (index.get(name) for name in ("parts", "layers", "arrays"))
        if not isinstance(parts, list) or not parts or not all(type(rows) is int and rows > 0 for rows in parts):
            raise _Damaged("it lists no parts")
        if not isinstance(layers, list) or not all(isinstance(name, str) for name in layers):
            raise _Damaged("it lists no layers")
        if not isinstance(index.get("settings"), dict) or not isinstance(arrays, dict):
            raise _Damaged("it has no settings")
        if not {f"layer.{i}" for i in range(len(layers))} <= set(arrays):
            raise _Damaged("it lists layers that are not stored")
    except _Damaged as error:
        raise BadInput(f"{path} is not a usable index of activations: {error}; read the activations again") from None
    return index


def read_head(folder: Path) -> tuple[Any, Any] | None:
    """Weight and bias of the last linear layer, where there is one."""
    if not (folder / HEAD).exists():
        return None
    _, arrays = read_artefact(folder / HEAD, KIND, VERSION)
    if set(arrays) != {"weight", "bias"}:
        raise BadInput(f"{folder / HEAD} has {sorted(arrays)}, not weight and bias; read the activations again")
    return arrays["weight"], arrays["bias"]


def write_head(folder: Path, head: tuple[Any, Any]) -> None:
    """Write weight and bias."""
    write_artefact(folder / HEAD, KIND, VERSION, None, {"weight": head[0], "bias": head[1]})
