"""Data of any kind as blocks of rows in a stated order."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ecotone.contracts import BadInput, as_numpy

LABELS = ("labels", "label")  # keys of a block that is a mapping


class Block(NamedTuple):
    """Some consecutive rows of the data."""

    start: int
    x: Any
    labels: Any


def has_rows(data: Any) -> bool:
    """Whether data has a length and slices, so that it can be read from any row on and read again."""
    if isinstance(data, list | tuple):
        return bool(data) and isinstance(data[0], str)
    rows = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    return rows and not isinstance(data, Mapping | str) and not _is_dataset(data)


class FrameRows:
    """A data frame of pandas, or a sparse matrix, as a sequence of rows of the same kind."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame.iloc if hasattr(frame, "iloc") else frame.tocsr()
        self.rows = int(frame.shape[0])

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, rows: Any) -> Any:
        return self.frame[slice(int(rows), int(rows) + 1 or None) if isinstance(rows, int) else rows]


def length(x: Any) -> int:
    """Rows of a block."""
    if isinstance(x, Mapping):
        return min((length(value) for value in x.values()), default=0)
    if hasattr(x, "shape") and x.shape:
        return int(x.shape[0])
    if not hasattr(x, "__len__"):
        raise BadInput(f"a block of the data is a {type(x).__name__}; give arrays, or blocks of rows")
    return len(x)


def cut(x: Any, start: int, stop: int | None = None) -> Any:
    """Some rows of a block, which may be a mapping of arrays."""
    if x is None:
        return None
    if hasattr(x, "iloc"):
        return x.iloc[start:stop]
    return {name: value[start:stop] for name, value in x.items()} if isinstance(x, Mapping) else x[start:stop]


def digest(x: Any) -> str:
    """A fingerprint of values: arrays, text, numbers, pictures, and mappings and sequences of those."""
    made = hashlib.blake2b(digest_size=8)
    _feed(made.update, x)
    return made.hexdigest()


def _feed(update: Callable[[bytes], None], x: Any) -> None:
    x = x.toarray() if hasattr(x, "toarray") else x
    if isinstance(x, Mapping):
        for name in sorted(x):
            update(f"{name}:".encode())
            _feed(update, x[name])
    elif isinstance(x, list | tuple):
        for part in x:
            _feed(update, part)
    elif isinstance(x, str | bytes | int | float | bool | None):
        update(f"{x!r};".encode())
    elif hasattr(x, "tobytes") and not hasattr(x, "dtype"):  # a picture
        update(x.tobytes())
    elif hasattr(x, "shape") or hasattr(x, "__array__"):
        values = as_numpy(x)
        update(f"{values.dtype}{values.shape}".encode())
        update(repr(values.tolist()).encode() if values.dtype == object else np.ascontiguousarray(values).tobytes())
    else:
        update(f"{type(x).__name__}".encode())


def read_blocks(data: Any, labels: Any, batch: int, marks: Mapping[int, str], done: int) -> Iterator[Block]:
    """Blocks of the rows from ``done`` on; rows before them are compared with the fingerprints in ``marks``."""
    if has_rows(data):
        for row, seen in marks.items():
            _compare(data[row : row + 1], row, seen)
        for start in range(done, len(data), batch):
            stop = min(start + batch, len(data))
            yield Block(start, data[start:stop], cut(labels, start, stop))
        return
    start = 0
    for block in _loaded(data, batch):
        x, y = _divided(block)
        stop = start + length(x)
        for row in range(start, stop) if start < done else ():
            if row in marks:
                _compare(cut(x, row - start, row - start + 1), row, marks[row])
        if stop > done:
            yield Block(max(start, done), cut(x, max(done - start, 0)), cut(y, max(done - start, 0)))
        start = stop
    if start < done:
        raise BadInput(f"the data has {start} rows and {done} were read before; give the same data, or another output=")


def check_read(data: Any, batch: int, marks: Mapping[int, str]) -> None:
    """Compare data with the fingerprints of what was read, of a loader the first row only."""
    if has_rows(data):
        for _ in read_blocks(data, None, batch, marks, len(data)):
            pass
        return
    for block in _loaded(data, batch):
        return _compare(cut(_divided(block)[0], 0, 1), 0, marks[0])


def _compare(x: Any, row: int, seen: str) -> None:
    if digest(x) != seen:
        raise BadInput(
            f"row {row} of the data is not what was read before; give the same data in the same order (a loader that "
            "does not shuffle), or another output="
        )


def _loaded(data: Any, batch: int) -> Any:
    if _is_dataset(data):
        from torch.utils.data import DataLoader

        return DataLoader(data, batch)
    return data


def _is_dataset(data: Any) -> bool:
    torch_data = sys.modules.get("torch.utils.data")
    return torch_data is not None and isinstance(data, torch_data.Dataset) and hasattr(data, "__len__")


def _divided(block: Any) -> tuple[Any, Any]:
    if isinstance(block, Mapping):
        y = next((block[name] for name in LABELS if name in block), None)
        return {name: value for name, value in block.items() if name not in LABELS}, y
    if isinstance(block, tuple | list) and not (block and isinstance(block[0], str)):
        if len(block) > 2 or not block:
            raise BadInput(f"a block of the data has {len(block)} parts; give inputs, or (inputs, labels)")
        return block[0], block[1] if len(block) > 1 else None
    return block, None


def check_labels(labels: Any, data: Any) -> Any:
    """The labels of data with rows, from the argument or the data's own; None where neither has them."""
    if labels is None:
        labels = getattr(data, "labels", None)
        labels = None if callable(labels) else labels
    if labels is None:
        return None
    if not has_rows(data):
        raise BadInput("labels= is for data with rows; let the loader give (inputs, labels)")
    values = as_numpy(labels)
    if values.ndim != 1 or len(values) != len(data):
        raise BadInput(f"labels has shape {values.shape} and data {len(data)} rows; give one label a row")
    if not np.issubdtype(values.dtype, np.integer):
        raise BadInput(f"labels are {values.dtype}; give integers, the positions of the classes, and -1 where unknown")
    return values
