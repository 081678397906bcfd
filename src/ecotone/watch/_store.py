"""A monitor that survives: one DuckDB file, written in transactions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput
from ecotone.data import Frame, Roles, read_table

from ._accept import accepted, sample, since_change
from ._alarm import Update
from ._chunks import By
from ._expected_loss import labelled
from ._harm import Harm
from ._reading import ReadingMonitor
from ._run import Run
from ._scorer import Asked, Scorer
from ._settings import WatchSettings
from ._source_rows import SourceRows
from ._store_file import FORMAT, digest_of, make_file, open_file, put_in_place, text
from ._store_tables import RunTables


class MonitorStore(ReadingMonitor):
    """A stream under watch whose whole state is one DuckDB file.

    Every :meth:`ingest` is one transaction: the monitor, the place in the source, alarms, breaks, chunks and the last
    rows move together or not at all, so that a process may be killed at any moment and the next one goes on. Make one
    with :meth:`create` or :meth:`open`. It may be used by several threads, one after another.

    Examples
    --------
    >>> import tempfile
    >>> rng = np.random.default_rng(0)
    >>> path = Path(tempfile.mkdtemp()) / "monitor.duckdb"
    >>> with MonitorStore.create(path, {"x": rng.normal(size=2000)}, arl=20_000) as store:
    ...     quiet = store.ingest({"x": rng.normal(size=500)}, source="plant 1", position=0)
    ...     again = store.ingest({"x": rng.normal(size=500)}, source="plant 1", position=0)
    ...     loud = store.ingest({"x": rng.normal(1, 1, 500)}, source="plant 1", position=500)
    ...     episode = store.status().episodes[0]
    >>> quiet.rows, again.rows, again.breaks[0].what, episode.alarm.columns, episode.number
    (500, 0, 'repeated rows', ('x',), 1)
    """

    # ------------------------------------------------------------------ begin
    @classmethod
    def create(
        cls,
        path: str | Path,
        reference: Any,
        *,
        arl: float | None = None,
        ever: float | None = None,
        roles: Roles | None = None,
        every: int = 1,
        by: By = 1000,
        tolerance: float = 0.0,
        estimate: bool = False,
        model: Asked | None = None,
        shuffle: bool = False,
        independent: bool = False,
        seed: int = 0,
    ) -> MonitorStore:
        """A new monitor in a new file.

        Parameters
        ----------
        path : str or Path
            That does not exist yet.
        reference : table, path or profile with rows
            As :meth:`Monitor.start` takes it; at least 200 rows that can be evidence.
        arl, ever : float
            The budget of false alarms, as :meth:`Monitor.start` takes it; of each reference anew after :meth:`accept`.
        roles : Roles
            ``time`` orders rows and dates chunks; of the rows of one ``entity`` one is evidence; ``id`` joins labels
            to rows; ``target`` with ``prediction`` or ``probability`` watches the loss. None of them is watched
            as a column.
        every : int
            Only every so many rows are evidence.
        by : {"day", "week"} or int
            Chunks of the timeline.
        tolerance : float
            By how much the loss may exceed the reference's before harm is alarmed.
        estimate : bool
            Estimate each chunk's loss without labels when it ends, as ``check`` does: a second or two a chunk.
        model : object with ``predict``, or path of an ONNX file, optional
            Asked for its output on every row, in the place of columns that hold it; give it to :meth:`open`, too.
        shuffle : bool
            Rows of a chunk that come together are read in a seeded random order: order inside a batch means nothing.
        independent : bool
            Rows are independent: said by the user, not looked at.
        seed : int

        Raises
        ------
        BadInput
        """
        path = Path(path)
        read = read_table(reference)
        roles = roles or Roles()
        scorer = Scorer.of(model, roles) if model is not None else None
        frame = read if scorer is None else replace(read, arrow=scorer(read.arrow))
        settings = WatchSettings(
            arl if arl is not None or ever is not None else 20_000.0, ever,
            roles if scorer is None else scorer.roles(roles, frame.arrow), every, by, tolerance, estimate,
            "" if scorer is None else scorer.digest, shuffle, independent, seed,
        )  # fmt: skip
        run = Run.start(frame, settings)
        run.harm = Harm.of(frame.arrow, settings)
        told = sample(labelled(frame.arrow, settings.roles), settings.seed) if estimate else b""
        base = make_file(path)
        base.execute("begin")
        base.execute("insert into about values (?, ?, ?)", [FORMAT, text(settings.to_json()), digest_of(read.arrow)])
        tables = RunTables(base)
        tables.write_law(run)
        tables.put("sample", sample(frame.arrow, settings.seed))
        tables.put("labelled", told)
        tables.write(run)
        base.execute("commit")
        put_in_place(path, base)
        return cls.open(path, model=model)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        reference: Any = None,
        model: Asked | None = None,
        read_only: bool = False,
    ) -> MonitorStore:
        """The monitor of a file, where it stopped.

        Parameters
        ----------
        path : str or Path
        reference : table or path, optional
            What the caller takes for the reference; another one than the monitor was made with is refused.
        model : object with ``predict``, or path of an ONNX file, optional
            The one that the monitor was made with, where there was one; without it no row can be read.
        read_only : bool
            To look at it only.

        Raises
        ------
        BadInput
            No such file, no monitor, another version, half-written, in use by another process, another reference.
        """
        path = Path(path)
        store = cls(path, open_file(path, read_only=read_only), read_only=read_only)
        if model is not None:
            store.ask(model)
        if reference is not None and digest_of(read_table(reference).arrow) != store.digest:
            store.close()
            raise BadInput(
                f"state {path} was made with another reference; give that one, take in the new law with accept, or "
                "start a new monitor under another name"
            )
        return store

    # ------------------------------------------------------------------ rows in
    def ingest(
        self, rows: Any, *, source: str = "", position: int | None = None, mark: str = "", done: bool = False
    ) -> Update:
        """Read rows, in their order, in one transaction.

        Parameters
        ----------
        rows : table
            As :func:`~ecotone.data.read_table` takes them.
        source : str
            Whose rows they are: a file, a client, a table.
        position : int, optional
            How many rows of this source came before these. Rows that were taken already are left out and said
            (``repeated rows``), so that a caller that does not know whether it was heard may say it again. Without it
            rows are taken as they come.
        mark : str
            What else the caller wants to know of the source later (:meth:`place`): a checksum, the last key.
        done : bool
            Nothing more comes from this source.

        Returns
        -------
        Update
            ``rows`` are those taken. Rows are numbered from 0 over the whole stream, sources in order of arrival.

        Raises
        ------
        BadInput
            ``position`` lies beyond what was taken, or the rows cannot be read; nothing is taken then.
        """
        with self.transaction():
            given = rows if isinstance(rows, pa.Table | Frame) else read_table(rows, name="rows")
            table = given.arrow if isinstance(given, Frame) else given
            taken, _, _ = self.place(source) or (0, "", False)
            table, breaks = self.fresh(table, source, position, taken)
            return self.read_pieces([SourceRows(table, source, mark, done)], breaks)

    # ------------------------------------------------------------------ decisions
    def accept(self, reference: Any = None) -> Frame:
        """Take the rows since the change as the reference of a new monitor; open episodes end.

        Parameters
        ----------
        reference : table or path, optional
            In the place of those rows.

        Returns
        -------
        Frame
            The new reference.

        Raises
        ------
        BadInput
            No episode is open (and no reference given), or fewer than 200 rows of evidence came since the change.
        """
        with self.transaction():
            read = read_table(reference) if reference is not None else None
            frame = since_change(self.episodes(), self.recent) if read is None else read
            if read is not None:
                frame = replace(read, arrow=self.scored(read.arrow))
            new = accepted(self._run, frame, thinned=reference is None)
            self._records.end("accept")
            self._run = new
            self._tables.write_law(new)
            self._tables.put("sample", sample(frame.arrow, self.settings.seed))
            self.digest = digest_of(read.arrow) if read is not None else self.digest
            self._base.execute("update about set digest = ?", [self.digest])
            return frame

    def reset(self) -> None:
        """Go on with the same reference: open episodes end, and all evidence begins at nothing again."""
        with self.transaction():
            self._run.monitor.alarmed.clear()
            if self._run.harm is not None:
                self._run.harm.detector.evidence *= 0.0
            for group in self._run.monitor.detectors.groups:
                group.detectors.evidence = np.zeros_like(group.detectors.evidence)
            self._records.end("reset")
