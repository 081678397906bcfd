"""The last rows of a stream, as they came and as cells: evidence for whoever asks what an alarm was about."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import Ints

#: Bytes of rows and cells that are kept, and rows at most and at least.
BYTES, MOST, LEAST = 1_500_000, 20_000, 1_000


@dataclass(frozen=True)
class RecentPart:
    """A stretch of at most 1000 rows."""

    first: int
    rows: pa.Table
    cells: dict[str, NDArray[np.uint8]]

    @cached_property
    def nbytes(self) -> int:
        return int(self.rows.nbytes) + sum(c.nbytes for c in self.cells.values())


@dataclass
class Recent:
    """A bounded window on the last rows: a megabyte and a half, 1000 rows at least and 20 000 at most.

    Parameters
    ----------
    read : int
        Rows that have passed through.
    """

    read: int = 0
    parts: deque[RecentPart] = field(default_factory=deque)

    @property
    def first(self) -> int:
        """Number of the first row that is kept."""
        return self.parts[0].first if self.parts else self.read

    def add(self, rows: pa.Table, cells: dict[Any, Ints]) -> None:
        """Take rows in, in pieces, so that they can go piecewise."""
        few = {k: c.astype(np.uint8) for k, c in cells.items()}
        start, rows = 0, plain(rows)
        last = self.parts[-1].rows if self.parts else rows
        if self.parts and (room := LEAST - last.num_rows) > 0 and last.schema.equals(rows.schema):
            self.parts.append(_joined(self.parts.pop(), rows.slice(0, room), {k: c[:room] for k, c in few.items()}))
            start = min(room, rows.num_rows)
        for at in range(start, rows.num_rows, LEAST):
            piece = rows.slice(at, LEAST)
            self.parts.append(RecentPart(self.read + at, piece, {k: c[at : at + LEAST] for k, c in few.items()}))
        self.read += rows.num_rows
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
        return _together(tables) if tables else pa.table({})


def _joined(part: RecentPart, rows: pa.Table, cells: dict[Any, NDArray[np.uint8]]) -> RecentPart:
    """A stretch and the rows after it; rows that come one by one must not become as many tables."""
    whole = pa.concat_tables([part.rows, rows]).combine_chunks()
    return RecentPart(part.first, whole, {k: np.concatenate([c, cells[k]]) for k, c in part.cells.items()})


def plain(rows: pa.Table) -> pa.Table:
    """Without dictionaries, which differ from batch to batch."""
    for at, (name, kind) in enumerate(zip(rows.schema.names, rows.schema.types)):
        if pa.types.is_dictionary(kind):
            rows = rows.set_column(at, name, rows.column(at).cast(kind.value_type))
    return rows.replace_schema_metadata(None)


def _together(tables: list[pa.Table]) -> pa.Table:
    """One below another; a column whose types do not fit together as text."""
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.concat_tables([_texts(t) for t in tables], promote_options="permissive")


def _texts(table: pa.Table) -> pa.Table:
    flat = [f for f in table.schema if not pa.types.is_nested(f.type)]
    return pa.table({f.name: table[f.name].cast(pa.string()) for f in flat})
