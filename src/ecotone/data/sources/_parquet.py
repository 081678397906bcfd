"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ._pandas_index import without_index
from ._part import Request, skip
from ._stored_file import AnyFile, StoredFile, for_parquet


class ParquetPart:
    """One Parquet file; no folder is taken for a partition.

    Parameters
    ----------
    path : Path or StoredFile
    """

    def __init__(self, path: AnyFile) -> None:
        self.path, self.name = path, str(path)

    seeks = True

    @cached_property
    def _footer(self) -> tuple[pa.Schema, tuple[int, ...]]:
        """The schema, and the rows of each row group."""
        with pq.ParquetFile(**for_parquet(self.path)) as opened:
            found = opened.metadata
            groups = tuple(found.row_group(i).num_rows for i in range(found.num_row_groups))
            return without_index(found.schema.to_arrow_schema()), groups

    @property
    def schema(self) -> pa.Schema:
        return self._footer[0]

    def count(self) -> int:
        return sum(self._footer[1])

    def batches(self, request: Request, first: int = 0) -> Iterator[pa.RecordBatch]:
        groups = self._footer[1] if first else ()
        skipped = next((i for i, end in enumerate(accumulate(groups)) if end > first), 0)
        yield from skip(self._groups(request, skipped), first - sum(groups[:skipped]))

    def _groups(self, request: Request, first: int) -> Iterator[pa.RecordBatch]:
        kinds, names = pa.types, request.schema.names
        text = [f.name for f in self.schema if kinds.is_string(f.type) or kinds.is_large_string(f.type)]
        how = for_parquet(self.path) | {"read_dictionary": text if request.coded else None} | self._buffering()
        with pq.ParquetFile(**how) as opened:
            metadata, count = opened.metadata, opened.num_row_groups
            if not isinstance(self.path, StoredFile):
                for group in range(first, count):
                    yield from opened.iter_batches(request.rows, row_groups=[group], columns=names)
                return
        for group in range(first, count):
            with pq.ParquetFile(**how, metadata=metadata) as opened:  # closed after each: what was buffered is let go
                yield from opened.iter_batches(request.rows, row_groups=[group], columns=names)

    def _buffering(self) -> dict[str, Any]:
        """A store is asked for a row group's columns at once; of a file here little is held: memory stays flat."""
        if isinstance(self.path, StoredFile):
            return {"pre_buffer": True}
        return {"pre_buffer": False, "buffer_size": 1 << 16}
