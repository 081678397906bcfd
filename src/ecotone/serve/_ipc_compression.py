"""Whether a message of Arrow IPC is compressed: read from its header alone.

Arrow allocates as many bytes as a compressed buffer says that it will need, before anything could be limited.
The header is a FlatBuffer: a table begins with the distance back to its list of fields' places.
"""

from __future__ import annotations

import struct

_HEADER_TYPE, _HEADER = 1, 2  # of Message
_DATA, _COMPRESSION = 1, 3  # of DictionaryBatch, of RecordBatch
_DICTIONARY, _RECORDS = 2, 3


def is_compressed(header: bytes) -> bool:
    """Whether the buffers of a message are compressed.

    Raises
    ------
    ValueError
        For a header that is none.

    Examples
    --------
    >>> import pyarrow as pa
    >>> batch = pa.record_batch({"x": [1, 2]})
    >>> for codec in (None, "lz4"):
    ...     sink = pa.BufferOutputStream()
    ...     with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as stream:
    ...         stream.write_batch(batch)
    ...     messages = pa.BufferReader(sink.getvalue())
    ...     pa.ipc.read_message(messages).type, is_compressed(pa.ipc.read_message(messages).metadata.to_pybytes())
    ('schema', False)
    ('schema', True)
    """
    try:
        message = struct.unpack_from("<I", header)[0]
        kind_at, inner = _field(header, message, _HEADER_TYPE), _inner(header, message, _HEADER)
        kind = header[kind_at] if kind_at else 0
        if kind == _DICTIONARY:
            inner = _inner(header, inner, _DATA)
        return kind in (_DICTIONARY, _RECORDS) and _field(header, inner, _COMPRESSION) != 0
    except (struct.error, IndexError):
        raise ValueError("a message's header is damaged") from None


def _field(data: bytes, table: int, number: int) -> int:
    """Place of a table's field; 0 where it has none."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    if fields < 0 or table < 0:
        raise IndexError
    at = 4 + 2 * number
    if at + 2 > struct.unpack_from("<H", data, fields)[0]:
        return 0
    offset = int(struct.unpack_from("<H", data, fields + at)[0])
    return table + offset if offset else 0


def _inner(data: bytes, table: int, number: int) -> int:
    """Place of the table that a field points to."""
    at = _field(data, table, number)
    if not at:
        raise IndexError
    return at + int(struct.unpack_from("<I", data, at)[0])
