"""What every kind of file gives: a schema, and record batches."""

from __future__ import annotations

from collections.abc import Iterator
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

    def batches(self, request: Request) -> Iterator[pa.RecordBatch]:
        """The rows in order, with the columns asked for at least; the caller casts."""
