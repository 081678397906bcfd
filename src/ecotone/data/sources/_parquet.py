"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ._pandas_index import without_index
from ._part import Request


class ParquetPart:
    """One Parquet file; no folder is taken for a partition.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)

    @cached_property
    def schema(self) -> pa.Schema:
        return without_index(pq.read_schema(self.path))

    def batches(self, request: Request) -> Iterator[pa.RecordBatch]:
        kinds = pa.types
        text = [f.name for f in self.schema if kinds.is_string(f.type) or kinds.is_large_string(f.type)]
        # Pre-buffering would hold the whole file; a small buffer and one row group at a time keep memory flat
        with pq.ParquetFile(
            self.path, read_dictionary=text if request.coded else None, pre_buffer=False, buffer_size=1 << 16
        ) as opened:
            for group in range(opened.num_row_groups):
                yield from opened.iter_batches(request.rows, row_groups=[group], columns=request.schema.names)
