"""A run in the tables of its file, and back: only what has changed is written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ecotone.data import StreamColumn, StreamColumns, Untested, decode_artefact, encode_artefact

from ._chunk_column import Epoch
from ._chunks import CELLS, SUMS, Chunk
from ._clock import Clock
from ._expected_loss import ExpectedLoss
from ._harm import Harm
from ._loss_estimate import LossEstimate
from ._monitor_state import VERSION, law_bytes, moving_bytes, part_bytes, part_of, restored, rows_of
from ._recent import RecentPart
from ._run import Run
from ._settings import WatchSettings
from ._store_file import text
from ._thinning import Thinning
from ._tree import from_tree, to_tree


@dataclass
class RunTables:
    """What of a run the file holds already, so that the rest can be written.

    Parameters
    ----------
    base : duckdb.DuckDBPyConnection
    """

    base: Any
    _parts: dict[int, RecentPart] = field(default_factory=dict)
    _chunks: dict[int, Chunk] = field(default_factory=dict)
    _held: dict[str, bytes] = field(default_factory=dict)

    def write_law(self, run: Run) -> None:
        """What stays while a monitor lives."""
        self.put("law", law_bytes(run.monitor))
        arrays: dict[str, Any] = {}
        self.put("epochs", encode_artefact("watch-epochs", VERSION, to_tree(run.epochs, arrays), arrays))

    def write(self, run: Run) -> None:
        """What has moved since the last time."""
        self.put("moving", moving_bytes(run.monitor))
        clock = run.clock
        body = {
            "rows": run.rows, "since": run.since, "usual": clock.usual, "last": clock.last, "back": clock.back,
        }  # fmt: skip
        self.put(
            "run", encode_artefact("watch-run", VERSION, body, {"numbers": run.numbers, "seen": run.thinning.seen})
        )
        self.put("harm", text(run.harm.to_json() if run.harm is not None else None).encode())
        self._write_recent(run)
        self._write_chunks(run)

    def read(self, settings: WatchSettings) -> Run:
        """The run as it was last committed."""
        stored = self.base.execute("select first, rows, cells from recent order by first").fetchall()
        parts = [part_of(*one) for one in stored]
        monitor = restored(self.get("law"), self.get("moving"), parts)
        body, arrays = decode_artefact(self.get("run"), "watch-run", VERSION, "the run's state")
        thinning = Thinning(settings.every, settings.roles.entity, arrays["seen"])
        clock = Clock(settings.roles.time, body["usual"], body["last"], body["back"])
        tree, arrays_held = decode_artefact(self.get("epochs"), "watch-epochs", VERSION, "the run's state")
        epochs = list(from_tree(tree, arrays_held, (Epoch, StreamColumns, StreamColumn, Untested)))
        held = json.loads(self.get("harm"))
        harm = Harm.of_json(held) if held is not None else None
        chunks = [
            _chunk(body, sums)
            for body, sums in self.base.execute("select body, sums from chunks order by first").fetchall()
        ]
        self._parts = {p.first: p for p in parts}
        self._chunks = {c.first: c for c in chunks}
        expected = ExpectedLoss.of(rows_of(self.get("labelled")), settings, harm) if settings.estimate else None
        return Run(
            settings, monitor, epochs, thinning, clock, harm, expected, body["rows"], body["since"],
            arrays["numbers"], chunks,
        )  # fmt: skip

    def _write_recent(self, run: Run) -> None:
        now = {p.first: p for p in run.monitor.recent.parts}
        for first, part in self._parts.items():
            if now.get(first) is not part:
                self.base.execute("delete from recent where first = ?", [first])
        for first, part in now.items():
            if self._parts.get(first) is not part:
                self.base.execute("insert into recent values (?, ?, ?)", [first, *part_bytes(part)])
        self._parts = now

    def _write_chunks(self, run: Run) -> None:
        now = {c.first: c for c in run.chunks}
        for first, chunk in self._chunks.items():
            if now.get(first) is not chunk:
                self.base.execute("delete from chunks where first = ?", [first])
        for first, chunk in now.items():
            if self._chunks.get(first) is not chunk:
                self.base.execute(
                    "insert into chunks values (?, ?, ?)", [first, text(_chunk_json(chunk)), chunk.sums.tobytes()]
                )
        self._chunks = now

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes under a name."""
        if self._held.get(name) == data:
            return
        self.base.execute("delete from state where name = ?", [name])
        self.base.execute("insert into state values (?, ?)", [name, data])
        self._held[name] = data

    def get(self, name: str) -> bytes:
        """The bytes under a name; empty where there are none."""
        found = self.base.execute("select data from state where name = ?", [name]).fetchone()
        return bytes(found[0]) if found else b""


def _chunk_json(chunk: Chunk) -> dict[str, Any]:
    estimate = None if chunk.estimate is None else vars(chunk.estimate)
    return {**{k: v for k, v in vars(chunk).items() if k != "sums"}, "estimate": estimate}


def _chunk(body: str, sums: bytes) -> Chunk:
    held = json.loads(body)
    held["leading"] = tuple(held["leading"])
    held["estimate"] = None if held["estimate"] is None else LossEstimate(**held["estimate"])
    return Chunk(**held, sums=np.frombuffer(sums, np.float64).reshape(-1, SUMS + CELLS).copy())
