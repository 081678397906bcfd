"""After an alarm: the rows since the change are checked against the reference, beside the writing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ecotone.watch import Episode, MonitorStore, examine

_LOG = logging.getLogger("ecotone.serve")
#: Rows since the change with which a check is first worth its time, and how many times as many the next one has.
FIRST, AGAIN = 20, 4


class Examiner:
    """Checks open episodes of one monitor, each anew when four times as many rows have come since its change.

    Parameters
    ----------
    store : callable
        The monitor, as it is at the moment.
    """

    def __init__(self, store: Callable[[], MonitorStore]) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="examiner")
        self._open: tuple[Episode, ...] = ()
        self._next: dict[int, int] = {}
        self._running: Future[None] | None = None

    def look(self) -> None:
        """Read anew which episodes are open: one has begun or ended."""
        self._open = tuple(e for e in self._store().episodes() if not e.ended and e.about == "data")

    def rows(self, rows: int) -> None:
        """Begin a check where enough rows have come; ``rows`` are those of the stream."""
        if self._running is not None and not self._running.done():
            return
        for episode in self._open:
            since = episode.alarm.since
            new = rows - (since.row if since is not None else episode.alarm.row)
            if new >= self._next.get(episode.number, FIRST):
                self._next[episode.number] = AGAIN * new
                self._running = self._thread.submit(self._examine, episode)
                return

    def stop(self) -> None:
        """Wait for the check that runs."""
        self._thread.shutdown()

    def _examine(self, episode: Episode) -> None:
        try:
            examine(self._store(), episode)
        except Exception as error:  # the alarm stands without it
            _LOG.error("episode %d could not be checked", episode.number, exc_info=error)
