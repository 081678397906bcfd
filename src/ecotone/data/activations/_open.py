"""Stored activations, opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ecotone.contracts import Activations, BadInput
from ecotone.data._artefact import _Damaged

from ._parts import FORMAT, Part, find_part, part_path, read_head, read_index
from ._stored import StoredArray


def open_activations(path: str | Path, network: Any = None, inputs: Any = None) -> Activations:
    """Activations that ``read_activations(..., output=path)`` wrote, mapped from disk.

    Features, logits and layers are :class:`StoredArray`: what is sliced of them is read, and nothing else is in
    memory. Labels and head are read at once.

    Parameters
    ----------
    path : path
        The folder.
    network : Network, optional
        For methods that run the network again.
    inputs : sequence of n rows, optional
        What was read, for those methods and for reports.

    Raises
    ------
    BadInput
        The folder is missing, its reading has not ended, or a file of it is damaged, cut short or of another version.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from ecotone.data.activations import read_activations
    >>> network = lambda x, maps=False: Activations(logits=x)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = read_activations(network, np.arange(16.0).reshape(4, 4), output=folder)
    ...     acts = open_activations(folder)
    ...     len(acts), acts[1:3].logits.shape
    (4, (2, 4))
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder} of activations; give the output= of read_activations")
    index = read_index(folder)
    if index is None:
        if not part_path(folder, 0).exists():
            raise BadInput(f"{folder} holds no activations; give the output= of read_activations")
        raise BadInput(
            f"the reading into {folder} has not ended; call read_activations with the same settings and data, and it "
            "goes on after the last whole part"
        )
    parts = [_part(folder, number, rows, index) for number, rows in enumerate(index["parts"])]
    arrays = {name: StoredArray([part.arrays[name] for part in parts]) for name in parts[0].arrays}
    layers = {name: arrays[f"layer.{i}"] for i, name in enumerate(index["layers"])}
    labels = arrays["labels"][:] if "labels" in arrays else None
    return Activations(
        features=arrays.get("features"), logits=arrays.get("logits"), labels=labels, head=read_head(folder),
        layers=layers, inputs=inputs, network=network,
    )  # fmt: skip


def _part(folder: Path, number: int, rows: int, index: dict[str, Any]) -> Part:
    path = part_path(folder, number)
    try:
        part = find_part(path)
        if part.rows != rows or part.body.get("settings") != index["settings"] or part.kinds() != index["arrays"]:
            raise _Damaged("it is not the one that the index lists")
        return part
    except _Damaged as error:
        raise BadInput(f"{path} is not a usable part of {FORMAT}: {error}; read the activations again") from None
