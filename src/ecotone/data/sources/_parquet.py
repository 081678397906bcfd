"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ._pandas_index import without_index
from ._part import Request, skip


class ParquetPart:
    """One Parquet file; no folder is taken for a partition.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)

    seeks = True

    @cached_property
    def schema(self) -> pa.Schema:
        return without_index(pq.read_schema(self.path))

    @cached_property
    def groups(self) -> tuple[int, ...]:
        """Rows of each row group."""
        found = pq.read_metadata(self.path)
        return tuple(found.row_group(i).num_rows for i in range(found.num_row_groups))

    def count(self) -> int:
        return sum(self.groups)

    def batches(self, request: Request, first: int = 0) -> Iterator[pa.RecordBatch]:
        skipped = 0 if not first else next(i for i, end in enumerate(accumulate(self.groups)) if end > first)
        yield from skip(self._groups(request, skipped), first - sum(self.groups[:skipped]) if first else 0)

    def _groups(self, request: Request, first: int) -> Iterator[pa.RecordBatch]:
        kinds = pa.types
        text = [f.name for f in self.schema if kinds.is_string(f.type) or kinds.is_large_string(f.type)]
        # Pre-buffering would hold the whole file; a small buffer and one row group at a time keep memory flat
        with pq.ParquetFile(
            self.path, read_dictionary=text if request.coded else None, pre_buffer=False, buffer_size=1 << 16
        ) as opened:
            for group in range(first, opened.num_row_groups):
                yield from opened.iter_batches(request.rows, row_groups=[group], columns=request.schema.names)
