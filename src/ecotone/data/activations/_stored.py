"""Arrays in parts on disk: read row by row, larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ecotone.contracts import BadInput

FAR = 1 << 14
"""Bytes between two rows that are read apart: a slice of its own costs, as measured, what reading so many more does."""


class Piece(NamedTuple):
    """Which array of a safetensors file has some of the rows."""

    path: Path
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """The array in its file; what is sliced is read, and nothing else."""
        try:
            with safe_open(self.path, framework="numpy") as file:
                yield file.get_slice(self.name)
        except (OSError, SafetensorError) as error:
            raise BadInput(f"{self.path} cannot be read any more ({error}); read the activations again") from None

    def between(self, start: int, stop: int) -> NDArray[Any]:
        """Consecutive rows."""
        with self.opened() as array:
            return np.asarray(array[start:stop])

    def some(self, at: NDArray[np.int64]) -> NDArray[Any]:
        """Rows at positions, in their order."""
        found = np.empty((len(at), *self.shape[1:]), self.dtype)
        order = np.argsort(at, kind="stable")
        row = max(found[:1].nbytes, 1)
        with self.opened() as array:
            for near in np.split(order, np.flatnonzero(np.diff(at[order]) * row > FAR) + 1):
                first = int(at[near[0]])
                found[near] = array[first : int(at[near[-1]]) + 1][at[near] - first]
        return found


class StoredArray:
    """An array whose rows lie in several files: length, shape, dtype; rows come out as numpy.

    Slices, integers, integer arrays and masks of rows read those rows and no others, so that what is in memory is
    what was asked for. It is no numpy array: arithmetic needs ``array[:]``, which reads all of it.

    Examples
    --------
    >>> import tempfile
    >>> from ecotone.data.activations import open_activations, read_activations
    >>> from ecotone.contracts import Activations
    >>> network = lambda x, maps=False: Activations(logits=x)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     acts = read_activations(network, np.arange(10.0).reshape(5, 2), output=folder)
    ...     acts.logits, acts.logits[1:3].tolist(), acts.logits[[4, 0]].shape
    (StoredArray(shape=(5, 2), dtype=float32), [[2.0, 3.0], [4.0, 5.0]], (2, 2))
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = tuple(pieces)
        self._ends = np.cumsum([piece.shape[0] for piece in self._pieces])
        self.shape = (int(self._ends[-1]), *self._pieces[0].shape[1:])
        self.dtype = self._pieces[0].dtype

    @property
    def ndim(self) -> int:
        """How many axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"StoredArray(shape={self.shape}, dtype={self.dtype})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        if isinstance(rows, tuple):
            some = self[rows[0]]
            rest = rows[1:] if isinstance(rows[0], int | np.integer) else (slice(None), *rows[1:])
            return np.asarray(some[rest])
        if isinstance(rows, slice):
            return self._between(*rows.indices(len(self)))
        if rows is Ellipsis:
            return self[:]
        at = np.asarray(rows)
        if at.dtype == bool:
            if at.shape != (len(self),):
                raise IndexError(f"a mask of shape {at.shape} for {len(self)} rows")
            at = np.flatnonzero(at)
        if not np.issubdtype(at.dtype, np.integer) and at.size:
            raise IndexError(f"rows are a slice, integers or a mask, not {at.dtype}")
        at = at.astype(np.int64)
        if at.size and not -len(self) <= at.min() <= at.max() < len(self):
            raise IndexError(f"row {at[(at < -len(self)) | (at >= len(self))][0]} of {len(self)}")
        at = np.where(at < 0, at + len(self), at)
        return self._some(at.ravel()).reshape(*at.shape, *self.shape[1:])

    def _between(self, start: int, stop: int, step: int) -> NDArray[Any]:
        if step != 1:
            return self._some(np.arange(start, stop, step))
        found, begin = [], 0
        for piece, end in zip(self._pieces, self._ends.tolist()):
            if start < end and begin < stop:
                found.append(piece.between(max(start - begin, 0), min(stop, end) - begin))
            begin = end
        if not found:
            return np.empty((0, *self.shape[1:]), self.dtype)
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _some(self, at: NDArray[np.int64]) -> NDArray[Any]:
        out = np.empty((len(at), *self.shape[1:]), self.dtype)
        which = np.searchsorted(self._ends, at, side="right")
        for i in np.unique(which):
            here = which == i
            begin = self._ends[i] - self._pieces[i].shape[0]
            out[here] = self._pieces[i].some(at[here] - begin)
        return out
