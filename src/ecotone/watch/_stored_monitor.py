"""What the file of a monitor tells."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from ._alarm import Alarm, Break
from ._chunk_column import ChunkColumn, Epoch, chunk_columns
from ._chunks import Chunk
from ._monitor_state import rows_of
from ._records import Records
from ._run import Run
from ._settings import WatchSettings
from ._status import Episode, Leading, Status
from ._store_tables import RunTables


class StoredMonitor:
    """A monitor in its file, as far as it is read."""

    def __init__(self, path: Path, base: Any, *, read_only: bool = False) -> None:
        self.path, self._base, self.read_only = path, base, read_only
        self._lock = threading.RLock()
        self._depth = 0
        found = base.execute("select settings, digest from about").fetchone()
        self.settings, self.digest = WatchSettings.of_json(json.loads(found[0])), str(found[1])
        self._records = Records(base)
        self._tables, self._run = self._loaded()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def status(self) -> Status:
        """Where the monitor stands."""
        with self._lock:
            run = self._run
            return Status(
                rows=run.rows, evidence_rows=run.monitor.rows, since=run.since, time=run.clock.last,
                back=run.clock.back, sources=self._records.sources(),
                guarantee=run.monitor.guarantee, settings=self.settings, episodes=self.episodes(),
                leading=_leading(run),
                breaks=self._records.breaks(100),
                risk=run.harm.risk(self._records.waiting()) if run.harm is not None else None,
            )  # fmt: skip

    @property
    def rows(self) -> int:
        """Of the stream so far."""
        return self._run.rows

    def twin(self, checksum: str) -> str | None:
        """A source that was read and whose mark has the same checksum."""
        with self._lock:
            return self._records.twin(checksum)

    def episodes(self) -> tuple[Episode, ...]:
        """Of alarms, in order; an episode is one change."""
        with self._lock:
            return self._records.episodes()

    def breaks(self) -> tuple[Break, ...]:
        """Facts about columns and sources, in order; the last ten thousand."""
        with self._lock:
            return self._records.breaks()

    def count_breaks(self) -> int:
        """How many facts are kept: a question that costs less than the facts."""
        with self._lock:
            return self._records.count_breaks()

    def place(self, source: str) -> tuple[int, str, bool] | None:
        """How many rows of a source were taken, its mark, and whether it is done; None where it is not known."""
        with self._lock:
            return self._records.place(source)

    def alarms(self) -> tuple[Alarm, ...]:
        """The first alarm of each episode, in order: those that are announced."""
        return tuple(e.alarm for e in self.episodes())

    def chunks(self) -> tuple[Chunk, ...]:
        """The stream in chunks, in order; the last one is open. Old ones are joined where there are many."""
        with self._lock:
            return tuple(self._run.chunks)

    def columns(self, chunk: Chunk) -> tuple[ChunkColumn, ...]:
        """What a chunk says of each column, beside the reference that was watched against then."""
        return chunk_columns(chunk.sums, self._epoch(chunk.epoch))

    def reference_columns(self, epoch: int | None = None) -> tuple[ChunkColumn, ...]:
        """The same of the reference's rows: of the present one, or of a chunk's ``epoch``."""
        found = self._epoch(self._run.since if epoch is None else epoch)
        return chunk_columns(found.sums, found)

    def recent(self, since: int = 0) -> pa.Table:
        """Rows of evidence from the stream's row ``since`` on, of the last 1000 at least, 20 000 at most."""
        with self._lock:
            return self._run.monitor.recent.since(max(0, self._run.as_evidence(since)))

    def reference_rows(self) -> pa.Table:
        """A sample of the reference's rows, drawn once: at most 5000, or half a megabyte."""
        with self._lock:
            return rows_of(self._tables.get("sample"))

    def _epoch(self, since: int) -> Epoch:
        with self._lock:
            return next(e for e in self._run.epochs if e.since == since)

    def _loaded(self) -> tuple[RunTables, Run]:
        tables = RunTables(self._base)
        return tables, tables.read(self.settings)


def _leading(run: Run) -> tuple[Leading, ...]:
    found = [
        Leading(group.reads, members, float(value), float(threshold))
        for group in run.monitor.detectors.groups
        for members, value, threshold in zip(group.members, group.detectors.value, group.detectors.thresholds)
    ]
    return tuple(sorted(found, key=lambda one: -one.evidence / one.threshold)[:5])
