"""Arrow IPC: files, streams, and the first version of Feather."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property

import pyarrow as pa
import pyarrow.feather as feather

from ._pandas_index import without_index
from ._part import Request, skip
from ._stored_file import AnyFile, open_file


class IpcPart:
    """One file that Arrow wrote.

    Parameters
    ----------
    path : Path or StoredFile
    """

    seeks = False

    def __init__(self, path: AnyFile) -> None:
        self.path, self.name = path, str(path)

    @cached_property
    def schema(self) -> pa.Schema:
        with self._opened() as (schema, _):
            return without_index(schema)

    def count(self) -> int:
        with self._opened() as (_, found):
            return sum(len(batch) for batch in found)

    def batches(self, request: Request, first: int = 0) -> Iterator[pa.RecordBatch]:
        return skip(self._all(), first)

    def _all(self) -> Iterator[pa.RecordBatch]:
        with self._opened() as (_, found):
            for batch in found:
                check_memory(batch.columns)
                yield batch

    @contextmanager
    def _opened(self) -> Iterator[tuple[pa.Schema, Iterable[pa.RecordBatch]]]:
        with open_file(self.path) as file:
            start = file.read(4)
            file.seek(0)
            if start == b"FEA1":
                table = feather.read_table(file, memory_map=False)
                yield table.schema, table.to_batches()
            elif start == b"ARRO":
                reader = pa.ipc.open_file(file)
                yield reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                stream = pa.ipc.open_stream(file)
                yield stream.schema, stream


def check_memory(columns: Iterable[pa.Array]) -> None:
    """Raise ``ArrowInvalid`` where an offset or a code points outside its buffer: Arrow would follow it."""
    for column in columns:
        column.validate()
        if pa.types.is_string(column.type):  # text that is not UTF-8 is read, with replacements
            column = column.cast(pa.binary())
        elif pa.types.is_large_string(column.type):
            column = column.cast(pa.large_binary())
        column.validate(full=True)
