"""The last rows of a stream, as they came and as cells: evidence for whoever asks what an alarm was about."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import Ints

#: Bytes of rows and cells that are kept, and rows at most and at least.
BYTES, MOST, LEAST = 3_000_000, 20_000, 1_000


@dataclass(frozen=True)
class _Part:
    first: int
    rows: pa.Table
    cells: dict[str, NDArray[np.uint8]]

    @property
    def nbytes(self) -> int:
        return int(self.rows.nbytes) + sum(c.nbytes for c in self.cells.values())


@dataclass
class Recent:
    """A bounded window on the last rows: three megabytes, 1000 rows at least and 20 000 at most.

    Parameters
    ----------
    read : int
        Rows that have passed through.
    """

    read: int = 0
    parts: deque[_Part] = field(default_factory=deque)

    @property
    def first(self) -> int:
        """Number of the first row that is kept."""
        return self.parts[0].first if self.parts else self.read

    def add(self, rows: pa.Table, cells: dict[Any, Ints]) -> None:
        """Take rows in, in pieces, so that they can go piecewise."""
        for start in range(0, rows.num_rows, LEAST):
            piece = rows.slice(start, LEAST)
            few = {k: c[start : start + LEAST].astype(np.uint8) for k, c in cells.items()}
            self.parts.append(_Part(self.read, pa.Table.from_batches(piece.to_batches(), piece.schema), few))
            self.read += piece.num_rows
        while len(self.parts) > 1 and self._droppable():
            self.parts.popleft()

    def _droppable(self) -> bool:
        kept = self.read - self.parts[1].first
        return kept >= LEAST and (kept > MOST or sum(p.nbytes for p in self.parts) > BYTES)

    def cells(self, reads: str, place: int) -> tuple[int, Ints]:
        """Number of the first row that is kept, and the cells of one detector from there on."""
        return self.first, np.concatenate([p.cells[reads][:, place] for p in self.parts]).astype(np.int64)

    def since(self, row: int) -> pa.Table:
        """Rows from ``row`` on, of those that are kept."""
        tables = [p.rows.slice(max(0, row - p.first)) for p in self.parts if p.first + p.rows.num_rows > row]
        return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})
