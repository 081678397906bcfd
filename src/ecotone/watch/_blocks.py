"""Pieces of rows that came before, word for word: a file or a body that is sent again under another name."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from ._alarm import Break
from ._recent import plain

#: Pieces that are remembered, and rows of one at least.
MOST, LEAST = 1_000, 20
#: Pieces too many that may stay in the file: taking them out costs as much as a transaction.
SPARE = 100


@dataclass
class Blocks:
    """The digests of the last thousand pieces, in the file and in memory.

    Parameters
    ----------
    base : duckdb.DuckDBPyConnection
    """

    base: Any
    _lines: dict[tuple[str, int], int] = field(default_factory=dict)
    _order: deque[tuple[int, tuple[str, int]]] = field(default_factory=deque)
    _gone: int = 0

    def __post_init__(self) -> None:
        for line, rows, digest in self.base.execute("select * from blocks order by line").fetchall():
            self._remember(line, (digest, rows))

    def repeated(self, pieces: Sequence[pa.Table], line: int) -> list[Break]:
        """Say which pieces equal one that came before; the first of them begins with the stream's row ``line``."""
        found, new = [], []
        for piece in pieces:
            if piece.num_rows >= LEAST:
                key = _digest(piece), piece.num_rows
                if key in self._lines:
                    detail = f"{piece.num_rows} rows equal those from row {self._lines[key]} on; they are counted"
                    found.append(Break(line, "", "repeated rows", detail))
                self._remember(line, key)
                new.append((line, piece.num_rows, key[0]))
            line += piece.num_rows
        if new:
            self._write(new)
        return found

    def _remember(self, line: int, key: tuple[str, int]) -> None:
        self._lines[key] = line
        self._order.append((line, key))
        if len(self._order) > MOST:
            old, gone = self._order.popleft()
            if self._lines[gone] == old:
                del self._lines[gone]
            self._gone += 1

    def _write(self, new: list[tuple[int, int, str]]) -> None:
        columns = "unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::text[])"
        self.base.execute(f"insert into blocks select {columns}", [list(one) for one in zip(*new)])
        if self._gone >= SPARE:
            self.base.execute("delete from blocks where line < ?", [self._order[0][0]])
            self._gone = 0


def _digest(piece: pa.Table) -> str:
    """Of the names and values of a short table: in one stream, for a hundred of these are read as one table."""
    rows = plain(piece).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as out:
        out.write_table(rows)
    return blake2b(sink.getvalue(), digest_size=16).hexdigest()
