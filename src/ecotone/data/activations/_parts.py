"""Files of stored activations: parts of rows, a head, and an index that is written last."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from ecotone.contracts import BadInput
from ecotone.data import read_artefact, write_artefact
from ecotone.data._artefact import DTYPES, _body, _Damaged, _json

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
    """The arrays of a part, none of them read; ``_Damaged`` unless the file is whole."""
    try:
        with safe_open(path, framework="numpy") as file:  # checks each array's place against the file's size
            body = _body(file.metadata(), KIND, VERSION)
            kinds = {name: _kind(name, file.get_slice(name)) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError) as error:
        raise _Damaged(str(error)) from None
    lengths = {shape[0] for _, shape in kinds.values()}
    if not isinstance(body, dict) or len(lengths) != 1:
        raise _Damaged("its arrays have different numbers of rows")
    return Part(lengths.pop(), body, {name: Piece(path, name, *kind) for name, kind in kinds.items()})


def _kind(name: str, stored: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    dtype, shape = stored.get_dtype(), tuple(stored.get_shape())
    if dtype not in DTYPES or not shape:
        raise _Damaged(f"array {name!r} has dtype {dtype} and shape {shape}")
    return np.dtype(DTYPES[dtype]), shape


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
