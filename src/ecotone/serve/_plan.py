"""Which of the rows that wait are new, and which bodies can be read as one: a hundred cost hardly more than one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from ecotone.watch import MonitorStore, SourceRows, Update

from ._keys import Key, Keys
from ._refused import Refused
from ._waiting import Waiting


@dataclass
class Piece:
    """The new rows of one body.

    Parameters
    ----------
    waiting : Waiting
    rows : pyarrow.Table
        Those that were not kept before.
    first : int
        Number of the first of them in the stream.
    """

    waiting: Waiting
    rows: pa.Table
    first: int


@dataclass
class Batch:
    """Pieces with the same columns of the same types, whoever sent them; labels, or rows.

    Parameters
    ----------
    pieces : list of Piece
    """

    pieces: list[Piece] = field(default_factory=list)

    @property
    def keys(self) -> list[Key]:
        """Of the pieces that have one."""
        return [Key(w.key, w.digest, p.first, p.rows.num_rows) for p in self.pieces if (w := p.waiting).key]

    def sources(self, keys: Keys) -> list[SourceRows]:
        """The pieces for the monitor; those with a key belong to the source that remembers the keys."""
        ring, mark = keys.put(self.keys) if self.keys else ("", "")
        return [
            SourceRows(p.rows, ring, mark) if p.waiting.key else SourceRows(p.rows, p.waiting.place)
            for p in self.pieces
        ]

    def kept(self, store: MonitorStore, keys: Keys) -> Update:
        """What the monitor says of them, inside a transaction."""
        pieces = self.sources(keys)
        if not self.pieces[0].waiting.labels:
            return store.ingest_together(pieces)
        (one,) = pieces
        return store.label(one.rows, source=one.source, mark=one.mark)


@dataclass
class Plan:
    """What is to be done with bodies that wait together.

    Parameters
    ----------
    keys : Keys
    taken : callable
        How many rows of a source are kept.
    rows : int
        Rows of the stream so far.
    """

    keys: Keys
    taken: Callable[[str], int]
    rows: int
    batches: list[Batch] = field(default_factory=list)
    repeats: list[tuple[Waiting, int]] = field(default_factory=list)
    refusals: list[tuple[Waiting, Refused]] = field(default_factory=list)
    _ends: dict[str, int] = field(default_factory=dict)
    _used: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, group: list[Waiting]) -> None:
        """Plan bodies: those of one source in the order of their positions, side by side what can be read as one."""
        begun: dict[str, str] = {}
        for waiting in group:
            if waiting.position is not None:
                begun.setdefault(waiting.place, waiting.kind)

        def order(waiting: Waiting) -> tuple[str, str, int]:
            if waiting.position is None:
                return waiting.kind, "", 0
            return begun[waiting.place], waiting.place, waiting.position

        for waiting in sorted(group, key=order):
            try:
                self._add(waiting)
            except Refused as refused:
                self.refusals.append((waiting, refused))

    def _add(self, waiting: Waiting) -> None:
        if waiting.key:
            self._add_keyed(waiting)
        elif waiting.position is None:
            self._put(waiting, waiting.rows)
        else:
            self._add_placed(waiting, waiting.position)

    def _add_keyed(self, waiting: Waiting) -> None:
        before = self.keys.seen(waiting.key, waiting.digest)
        digest, first = self._used.get(waiting.key, (waiting.digest, -1))
        if digest != waiting.digest:
            raise Refused(422, f"Idempotency-Key {waiting.key!r} comes with two bodies at once; give each its own")
        if before is not None or first >= 0:
            self.repeats.append((waiting, before.first if before is not None else first))
            return
        self._used[waiting.key] = waiting.digest, self.rows
        self._put(waiting, waiting.rows)

    def _add_placed(self, waiting: Waiting, position: int) -> None:
        source = waiting.place
        end = self._ends[source] if source in self._ends else self.taken(source)
        if position > end:
            kept = f"{end} rows of source {source!r} are kept, and these begin at {position}"
            words = f"{kept}; send those from {end} on first"
            raise Refused(409, words, {"Ecotone-Position": str(end)})
        fresh = waiting.rows.slice(end - position)
        if not fresh.num_rows:
            self.repeats.append((waiting, self.rows))
            return
        self._ends[source] = end + fresh.num_rows
        self._put(waiting, fresh)

    def _put(self, waiting: Waiting, rows: pa.Table) -> None:
        last = self.batches[-1] if self.batches else None
        if last is None or waiting.labels or last.pieces[-1].waiting.kind != waiting.kind:
            last = Batch()
            self.batches.append(last)
        last.pieces.append(Piece(waiting, rows, self.rows))
        self.rows += 0 if waiting.labels else rows.num_rows
