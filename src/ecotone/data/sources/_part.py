"""What every kind of file gives: a schema, and record batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Request:
    """How batches are asked for.

    Parameters
    ----------
    schema : pyarrow.Schema
        The columns wanted, in any order, with the types that they end in.
    rows : int
        About how many rows a batch shall have.
    coded : bool
        Texts may come as dictionaries where the file stores them so.
    """

    schema: pa.Schema
    rows: int = 1 << 17
    coded: bool = False


class SourcePart(Protocol):
    """A stretch of a source's rows: a file, a table of a database, or a frame."""

    @property
    def name(self) -> str:
        """What the rows are said to come from."""

    @property
    def schema(self) -> pa.Schema:
        """The columns, without those that hold a pandas index."""

    @property
    def seeks(self) -> bool:
        """Whether reading from a row in the middle costs no more than reading from there."""

    def count(self) -> int:
        """Number of rows; of a kind of file that does not say it, by reading all of it."""

    def batches(self, request: Request, first: int = 0) -> Iterator[pa.RecordBatch]:
        """The rows from ``first`` on, in order, with the columns asked for at least; the caller casts."""


def skip(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same without the first rows."""
    for batch in batches:
        if rows < len(batch):
            yield batch.slice(rows) if rows else batch
        rows = max(0, rows - len(batch))


def take(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The first rows alone; no further batch is read."""
    for batch in batches:
        if rows <= 0:
            return
        yield batch.slice(0, rows)
        rows -= len(batch)
        if rows <= 0:
            return
