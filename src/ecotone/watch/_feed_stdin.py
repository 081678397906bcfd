"""Rows on standard input: JSON lines, CSV or an Arrow IPC stream, as they come."""

from __future__ import annotations

import io
import json
import os
import select
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.json as pjson

from ecotone.contracts import BadInput
from ecotone.data.sources import MISSING

from ._alarm import Break, Update
from ._run import PIECE
from ._store import MonitorStore

NAME = "standard input"
#: Seconds without a byte after which the lines that are there are read.
PATIENCE = 0.2
#: Bytes of a line, at most.
LONGEST = 1 << 24


def feed_stdin(store: MonitorStore, key: str | None, stream: BinaryIO | None = None) -> Iterator[Update]:
    """Rows of standard input; those whose key is not greater than the last one taken are left out and said."""
    incoming = stream if stream is not None else sys.stdin.buffer
    for table, count in tables(incoming):
        yield _ingest(store, table, key, count)


def _ingest(store: MonitorStore, table: pa.Table, key: str | None, count: int) -> Update:
    _, mark, _ = store.place(NAME) or (0, "", False)
    was: dict[str, Any] = json.loads(mark) if mark else {"bytes": 0, "last": None}
    was["bytes"] += count
    broken: list[Break] = []
    if key is not None:
        if key not in table.column_names:
            raise BadInput(f"key: the rows of standard input have no column {key!r}; name another")
        kept = table if was["last"] is None else table.filter(_later(table[key], was["last"], key))
        if kept.num_rows < table.num_rows:
            gone = table.num_rows - kept.num_rows
            detail = f"{gone} rows whose {key} is not greater than {was['last']} are not counted again"
            broken = [Break(store.rows, "", "repeated rows", detail)]
        table = kept
        if table.num_rows:
            was["last"] = str(pc.max(table[key]).cast(pa.string()).as_py())
    with store.transaction():
        for found in broken:
            store.note(found)
        update = store.ingest(table, source=NAME, mark=json.dumps(was))
    return Update(update.rows, update.alarms, (*broken, *update.breaks))


def _later(values: pa.ChunkedArray, last: str, key: str) -> pa.ChunkedArray:
    try:
        return pc.fill_null(pc.greater(values, pa.scalar(last).cast(values.type)), False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise BadInput(f"key: {key} is now {values.type}, which {last!r} is not; send one type") from None


def tables(stream: BinaryIO) -> Iterator[tuple[pa.Table, int]]:
    """Tables of what comes, each with how many bytes it took."""
    first = _more(stream, wait=True)
    if not first:
        return
    if first[:4] == b"\xff\xff\xff\xff":
        yield from _arrow(_Rejoined(first, stream))
        return
    header = b"" if first.lstrip()[:1] == b"{" else None
    for block in _blocks(first, stream):
        count = len(block)
        if header is None:
            header, _, block = block.partition(b"\n")
            header += b"\n"
        if block.strip():
            yield _parsed(header, block), count


def _parsed(header: bytes, block: bytes) -> pa.Table:
    """Whole lines of JSON, or of CSV below its header."""
    try:
        if not header:
            return pjson.read_json(io.BytesIO(block), pjson.ReadOptions(block_size=max(len(block), 1)))
        convert = pcsv.ConvertOptions(null_values=MISSING, strings_can_be_null=True, quoted_strings_can_be_null=False)
        return pcsv.read_csv(io.BytesIO(header + block), convert_options=convert)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).split("\n")[0][:150]
        kind = "CSV" if header else "JSON lines"
        raise BadInput(f"standard input is not {kind} ({reason}); what came before that was counted") from None


def _blocks(held: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Whole lines, as many as are there, at most some ten thousand."""
    while True:
        cut = held.rfind(b"\n") + 1
        if cut and (held.count(b"\n", 0, cut) >= PIECE or not _waiting(stream)):
            yield held[:cut]
            held = held[cut:]
        if len(held) > LONGEST and b"\n" not in held:
            raise BadInput(f"standard input has a line of more than {LONGEST >> 20} MB; send rows as lines")
        more = _more(stream, wait=True)
        if not more:
            if held.strip():
                yield held
            return
        held += more


def _more(stream: BinaryIO, *, wait: bool) -> bytes:
    if isinstance(stream, io.BufferedReader):
        return stream.read1(1 << 20) if wait or _waiting(stream) else b""
    return stream.read(1 << 20)


def _waiting(stream: BinaryIO) -> bool:
    """Whether a byte comes soon."""
    try:
        number = stream.fileno()
    except (OSError, io.UnsupportedOperation):
        return True
    return bool(select.select([number], [], [], PATIENCE)[0]) and os.isatty(number) is False


class _Rejoined(io.RawIOBase):
    """A stream whose beginning was read already."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first, self._rest, self.count = first, rest, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data, self._first = self._first[: len(room)], self._first[len(room) :]
        data = data or self._rest.read(len(room))
        room[: len(data)] = data
        self.count += len(data)
        return len(data)


def _arrow(stream: _Rejoined) -> Iterator[tuple[pa.Table, int]]:
    before = 0
    try:
        with pa.ipc.open_stream(stream) as found:
            for batch in found:
                for low in range(0, batch.num_rows, PIECE):
                    yield pa.Table.from_batches([batch.slice(low, PIECE)]), stream.count - before
                    before = stream.count
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = str(error).split("\n")[0][:150]
        raise BadInput(f"standard input is no whole Arrow stream ({reason}); what came before was counted") from None
