"""One thread for each monitor writes; what waits together is kept in one transaction."""

from __future__ import annotations

import logging
import queue
import threading
from pathlib import Path

from ecotone.contracts import BadInput
from ecotone.watch import MonitorStore, Update

from ._examiner import Examiner
from ._keys import Keys
from ._plan import Plan
from ._refused import Refused
from ._waiting import Taken, Waiting

_LOG = logging.getLogger("ecotone.serve")
#: Rows that one transaction takes at most, unless a single body has more.
TOGETHER = 20_000


class Writer:
    """The only one that writes to a monitor's file.

    Parameters
    ----------
    name : str
    path : Path
    most : int
        Bodies that may wait.

    Raises
    ------
    BadInput
        For a state file that cannot be used.
    """

    def __init__(self, name: str, path: Path, most: int) -> None:
        self.name, self.path, self.most = name, path, most
        self.store = MonitorStore.open(path)
        self._keys, self._rows = self._remembered()
        self._examiner = Examiner(lambda: self.store)
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._stopping = False
        self._fault: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"writer of {name}")

    # ------------------------------------------------------------------ from other threads
    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, waiting: Waiting) -> None:
        """Take a body; its ``answer`` comes when its rows are on the disk.

        Raises
        ------
        Refused
            503 where too many wait, or the service is stopping.
        """
        with self._lock:
            if self._stopping:
                raise Refused(503, "the service is stopping; send the rows again later", {"Retry-After": "5"})
            if self._waiting >= self.most:
                raise Refused(503, f"{self.most} bodies wait already; send this one again later", {"Retry-After": "1"})
            self._waiting += 1
            self._queue.put(waiting)

    def accept(self) -> int:
        """Take the rows since the change as the reference; how many they are."""
        rows = self.store.accept().n
        self._examiner.look()
        return rows

    def reset(self) -> None:
        """Go on with the same reference."""
        self.store.reset()
        self._examiner.look()

    def stop(self) -> None:
        """Keep what was accepted, and let go of the file."""
        with self._lock:
            self._stopping = True
            self._queue.put(None)
        self._thread.join()
        self._examiner.stop()
        self.store.close()

    def unready(self) -> str | None:
        """Why it takes no rows; None while it does."""
        if self._stopping or not self._thread.is_alive():
            return "its writer has stopped"
        return self._fault

    @property
    def queued(self) -> int:
        """Bodies that wait."""
        return self._waiting

    # ------------------------------------------------------------------ in the thread
    def _run(self) -> None:
        self._examiner.look()
        while (group := self._group()) is not None:
            with self._lock:
                self._waiting -= len(group)
            self._keep(group)
            self._examiner.rows(self._rows)

    def _group(self) -> list[Waiting] | None:
        first = self._queue.get()
        if first is None:
            return None
        group, rows = [first], first.rows.num_rows
        while rows < TOGETHER and not self._queue.empty():
            more = self._queue.get()
            if more is None:  # to be met again, after this group
                self._queue.put(None)
                break
            group.append(more)
            rows += more.rows.num_rows
        return group

    def _keep(self, group: list[Waiting]) -> None:
        """Keep bodies in one transaction; where that fails each in its own, so that no client pays for another."""
        try:
            plan = Plan(self._keys, self._taken, self._rows)
            plan.add(group)
            with self.store.transaction():
                updates = [batch.kept(self.store, self._keys) for batch in plan.batches]
        except Exception as error:
            self._restored(error)
            if len(group) > 1:
                for waiting in group:
                    self._keep([waiting])
            else:
                group[0].failed(self._reason(error))
            return
        self._fault, self._rows = None, plan.rows
        if any(update.alarms for update in updates):
            self._examiner.look()
        _answer(plan, updates)

    def _taken(self, source: str) -> int:
        return (self.store.place(source) or (0, "", False))[0]

    def _restored(self, error: Exception) -> None:
        """What is in memory as it is in the file, after a transaction that failed."""
        if not isinstance(error, Refused | BadInput):
            _LOG.error("monitor %s: rows could not be kept", self.name, exc_info=error)
        try:
            self._keys, self._rows = self._remembered()
        except Exception:  # the database has closed itself
            try:
                self.store = MonitorStore.open(self.path)
                self._keys, self._rows = self._remembered()
            except Exception as again:
                self._fault = str(again)

    def _remembered(self) -> tuple[Keys, int]:
        return Keys(self.store), self.store.status().rows

    def _reason(self, error: Exception) -> Exception:
        if isinstance(error, Refused):
            return error
        if isinstance(error, BadInput) and not str(error).startswith(f"state {self.path}"):
            return error
        self._fault = str(error)
        return Refused(503, f"the rows were not kept: {error}", {"Retry-After": "30"})


def _answer(plan: Plan, updates: list[Update]) -> None:
    """Tell every client what became of its rows, now that they are on the disk."""
    for waiting, refused in plan.refusals:
        waiting.failed(refused)
    for waiting, first in plan.repeats:
        waiting.kept(Taken(Update(0), first, waiting.rows.num_rows))
    for batch, update in zip(plan.batches, updates):
        for piece in batch.pieces:
            sent, new = piece.waiting.rows.num_rows, piece.rows.num_rows
            said = update if piece.waiting.labels else _of_rows(update, piece.first, new)
            piece.waiting.kept(Taken(said, piece.first, sent - new))


def _of_rows(update: Update, first: int, rows: int) -> Update:
    """What was said of some of the rows that were read together."""
    return Update(rows, tuple(a for a in update.alarms if first <= a.row < first + rows), update.breaks)
