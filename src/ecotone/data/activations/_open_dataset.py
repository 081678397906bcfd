"""Data of any kind from one word of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ecotone.contracts import BadInput

from ._array_files import load_npy, load_npz
from ._images import ENDINGS, ImageFolder
from ._rows import ArrayRows, Rows, TextRows
from ._table_rows import TableRows

VALUES = ("x", "X", "images", "data", "inputs", "features", "arr_0")
_WANTED = "arrays of numbers written by numpy.save or numpy.savez"
LABELS = ("y", "labels", "label", "target", "targets", "arr_1")


def open_dataset(
    source: Any,
    target: Any = None,
    *,
    size: int | tuple[int, int] | None = None,
    channels: Literal[1, 3] = 3,
    classes: Sequence[str] | None = None,
    unlabelled: bool = False,
) -> Rows:
    """Rows of images, arrays, texts or a table, with their labels where there are any.

    Parameters
    ----------
    source : path or object
        A folder of pictures or of ``.txt`` files (subfolders are classes); ``.npy``; ``.npz`` (``x``, ``images``,
        ``data``, ``inputs`` or ``features``, and ``y``, ``labels`` or ``target``); ``.txt``, a text a line; any table
        that :func:`ecotone.data.read_table` reads; an array; a list of strings.
    target : str or array, optional
        The column of a table, or the entry of an ``.npz``, that has the labels; or the labels.
    size, channels
        Of pictures, see :class:`ImageFolder`.
    classes : sequence of str, optional
        Names of the classes in order of position; labels that are not in it are -1.
    unlabelled : bool
        Whether the column or entry of the target may be lacking, as it is in rows whose labels are not known yet.

    Returns
    -------
    Rows
        With a length, slices, ``labels``, ``classes`` and ``where(row)``; :func:`read_activations` reads it.

    Raises
    ------
    BadInput
        For what is not there or cannot be read, labels of another length, or a target that is not in it.

    Examples
    --------
    >>> import numpy as np
    >>> rows = open_dataset(np.eye(4), [0, 1, 1, 0])
    >>> len(rows), rows[2:].shape, rows.labels.tolist()
    (4, (2, 4), [0, 1, 1, 0])
    >>> open_dataset({"x": [1.0, 2.0], "kind": ["b", "a"]}, "kind", classes=["a"]).labels.tolist()
    [-1, 0]
    """
    if isinstance(source, Rows):
        return source
    if isinstance(source, list | tuple) and source and all(isinstance(text, str) for text in source):
        return TextRows(source, target, classes)
    if not isinstance(source, str | Path):
        if hasattr(source, "shape") and hasattr(source, "dtype") and not isinstance(target, str):
            return ArrayRows(source, target, classes)
        return _table(source, target, classes, unlabelled)
    path = Path(source)
    ending = path.suffix.lower()
    if path.is_dir() and (kind := _holds(path)):
        opened: Rows = (
            ImageFolder(path, size, channels, classes) if kind == "pictures" else TextRows.read(path, classes)
        )
        return _relabelled(opened, target, classes)
    if ending in (".npy", ".npz"):
        return _arrays(path, target, classes, unlabelled)
    if ending == ".txt":
        return _relabelled(TextRows.read(path, classes), target, classes)
    return _table(source, target, classes, unlabelled)


def _holds(folder: Path) -> str | None:
    """Whether a folder has pictures or texts; None leaves it to tables."""
    endings = {file.suffix.lower() for file in folder.rglob("*") if file.name[0] not in "._"}
    return "pictures" if endings & set(ENDINGS) else "texts" if ".txt" in endings else None


def _relabelled(rows: Rows, target: Any, classes: Sequence[str] | None) -> Rows:
    if isinstance(target, str):
        raise BadInput(f"target {target!r} names a column, and the data are no table; put classes into subfolders")
    if target is not None:
        rows._label(target, classes, "target")
    return rows


def _table(source: Any, target: Any, classes: Sequence[str] | None, unlabelled: bool) -> Rows:
    if target is None or isinstance(target, str):
        return TableRows(source, target, classes, unlabelled=unlabelled)
    return _relabelled(TableRows(source, None, classes), target, classes)


def _arrays(path: Path, target: Any, classes: Sequence[str] | None, unlabelled: bool) -> Rows:
    if path.suffix.lower() == ".npy":
        if isinstance(target, str) and not unlabelled:
            raise BadInput(f"{path} holds one array and no {target!r}; give the labels, or an .npz")
        return ArrayRows(load_npy(path, _WANTED), None if isinstance(target, str) else target, classes, str(path))
    opened = load_npz(path, _WANTED)
    names = list(opened)
    labels: Any = target
    if target is None or isinstance(target, str):
        key = target or next((name for name in LABELS if name in names), None)
        if key is not None and key not in names and unlabelled:
            key = None
        if key is not None and key not in names:
            raise BadInput(f"{path} has no array {key!r}; it has {', '.join(names)}")
        labels = None if key is None else opened[key]
        names = [name for name in names if name != key]
    key = next((name for name in VALUES if name in names), names[0] if len(names) == 1 else None)
    if key is None:
        raise BadInput(f"{path} has the arrays {', '.join(names) or '(none)'}; call the one of the rows 'x'")
    return ArrayRows(opened[key], labels, classes, str(path))
