"""Rows of a source brought to a monitor: files once each, a table by its key, standard input as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ecotone.contracts import BadInput

from ._alarm import Update
from ._feed_files import Files
from ._feed_stdin import feed_stdin
from ._feed_table import feed_table
from ._scorer import Asked
from ._store import MonitorStore
from ._store_file import InUse

#: Seconds that a watch which follows waits for whoever has the file: a look at its status or its page.
PATIENCE = 60.0
#: Seconds between two looks at a source that may grow.
POLL = 1.0


@dataclass(frozen=True)
class Fed:
    """What a look at a source brought.

    Parameters
    ----------
    rows : int
    alarms, breaks : int
    """

    rows: int = 0
    alarms: int = 0
    breaks: int = 0


def feed(
    path: Path,
    source: str,
    *,
    key: str | None = None,
    labels: str | None = None,
    model: Asked | None = None,
    follow: bool = False,
    heard: Callable[[MonitorStore, Update], None] = lambda store, update: None,
) -> Fed:
    """Bring a source's new rows to the monitor in the file ``path``.

    Parameters
    ----------
    path : Path
    source : str
        A file, folder or glob: each file is read once, by name, size and checksum. ``file.duckdb::table``: the rows
        whose ``key`` is greater than the last one read. ``-``: JSON lines, CSV with a header or an Arrow IPC stream
        on standard input, without the rows whose ``key`` is not greater, where one is given.
    key : str, optional
        A column that rises from row to row.
    labels : str, optional
        A file, folder or glob of late labels, read after the rows.
    model : object with ``predict``, or path of an ONNX file, optional
        As :meth:`MonitorStore.open` takes it.
    follow : bool
        Go on looking; between two looks the file is free for others.
    heard : callable
        Called with the open store after each transaction.

    Raises
    ------
    BadInput
        The source cannot be read at all.
    """
    total = Fed()
    looks: Callable[[MonitorStore], Iterator[Update]]
    if source == "-":
        looks = lambda store: feed_stdin(store, key)  # noqa: E731
    elif "::" in source and not Path(source).exists():
        if key is None:
            raise BadInput(f"source {source} grows by a key; name the column that rises from row to row with --key")
        looks = lambda store: feed_table(store, source, key)  # noqa: E731
    else:
        looks = Files(source, follow=follow).look
    late = Files(labels, follow=follow, labels=True) if labels is not None else None
    while True:
        with _opened(path, model, PATIENCE if follow else 0.0) as store:
            for update in chain(looks(store), late.look(store) if late is not None else ()):
                total = Fed(
                    total.rows + update.rows, total.alarms + len(update.alarms), total.breaks + len(update.breaks)
                )
                heard(store, update)
        if not follow or source == "-":
            return total
        time.sleep(POLL)


def _opened(path: Path, model: Asked | None, patience: float) -> MonitorStore:
    until = time.monotonic() + patience
    while True:
        try:
            return MonitorStore.open(path, model=model)
        except InUse:
            if time.monotonic() >= until:
                raise
            time.sleep(POLL / 10)
