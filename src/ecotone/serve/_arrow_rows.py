"""Tables as Arrow IPC and Parquet. Both are trusted with nothing: sizes are looked at before anything is expanded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ._ipc_compression import is_compressed
from ._parquet_pages import expanded_pages
from ._refused import Refused
from ._settings import Limits
from ._table_limits import check_expanded, check_shape, check_types

_FAILURES = (pa.ArrowException, OSError, EOFError, ValueError, MemoryError, OverflowError)


def arrow_table(body: bytes, limits: Limits) -> pa.Table:
    """Of an Arrow IPC stream or file (Feather 2), not compressed."""
    return _read("an Arrow IPC stream or file", body, limits, _ipc)


def parquet_table(body: bytes, limits: Limits) -> pa.Table:
    """Of a Parquet file."""
    return _read("a Parquet file", body, limits, _parquet)


def _read(what: str, body: bytes, limits: Limits, read: Callable[[bytes, Limits], pa.Table]) -> pa.Table:
    try:
        table = read(body, limits).replace_schema_metadata(None)
        check_types(table.schema)
        table.validate()  # Arrow would follow offsets that point outside a buffer
        check_expanded(table, limits)
        table.validate(full=True)
        return table
    except _FAILURES as error:
        reason = str(error).strip().split("\n")[0][:160]
        raise Refused(400, f"the body is not {what} that can be read ({reason}); send it again, whole") from None


def _ipc(body: bytes, limits: Limits) -> pa.Table:
    as_file = body.startswith(b"ARROW1")
    start = 8 if as_file else 0  # a file is a stream between two marks
    names: list[str] = []
    with pa.ipc.open_stream(pa.BufferReader(body[start:])) as stream:
        names = stream.schema.names
    rows, reader = 0, pa.BufferReader(body[start:])
    while (message := _next(reader)) is not None:
        if is_compressed(message.metadata.to_pybytes()):
            raise Refused(415, "compressed Arrow IPC is not read; send it without compression, or as Parquet")
    batches = []
    with pa.ipc.open_stream(pa.BufferReader(body[start:])) as stream:
        for batch in stream:
            rows += batch.num_rows
            if rows > limits.rows:
                check_shape(rows, names, limits)
            batches.append(batch)
        table = pa.Table.from_batches(batches, stream.schema)
    check_shape(rows, names, limits)
    return table


def _next(reader: pa.NativeFile) -> pa.Message | None:
    try:
        return pa.ipc.read_message(reader)
    except EOFError:
        return None


def _parquet(body: bytes, limits: Limits) -> pa.Table:
    file = pq.ParquetFile(pa.BufferReader(body))
    schema = file.schema_arrow
    check_shape(file.metadata.num_rows, schema.names, limits)
    check_types(schema)
    _check_stored(file.metadata, limits)
    if expanded_pages(body, file.metadata, limits.expanded) > limits.expanded:
        raise Refused(413, f"the table takes more than {limits.expanded} bytes; send it in parts")
    texts = [file.schema.column(k).path for k in range(len(file.schema)) if _is_text(file.schema.column(k))]
    table = pq.ParquetFile(pa.BufferReader(body), read_dictionary=texts).read(use_threads=False)
    check_shape(table.num_rows, table.column_names, limits)
    return table


def _check_stored(metadata: Any, limits: Limits) -> None:
    """Raise :class:`Refused` for more parts than can be looked at, or values of a fixed length that take too much."""
    if metadata.num_row_groups * metadata.num_columns > limits.rows:
        raise Refused(413, f"the file has {metadata.num_row_groups} row groups; write it with one")
    fixed = (metadata.schema.column(k).length or 0 for k in range(metadata.num_columns))
    if sum(fixed) * metadata.num_rows > limits.expanded:
        raise Refused(413, f"the table takes more than {limits.expanded} bytes; send it in parts")


def _is_text(column: Any) -> bool:
    """Whether a value may stand a thousand times in the table and once in the file: read as codes, then measured."""
    return bool(column.physical_type == "BYTE_ARRAY")
