"""Files that are read once each, by name, size and checksum."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa

from ecotone.contracts import BadInput
from ecotone.data.sources import Mistyped, find_files, open_source

from ._alarm import Break, Update, What
from ._run import PIECE
from ._store import MonitorStore

#: A file that cannot be read is tried so often, so many seconds apart: somebody may be writing it.
TRIES, PAUSE = 3, 0.3
#: Where files are awaited, one is read when it has not changed for so many seconds.
QUIET = 1.0


class Files:
    """The files of a folder, a pattern, or one file.

    Parameters
    ----------
    source : str
    follow : bool
        More are awaited.
    labels : bool
        They hold late labels.
    """

    def __init__(self, source: str, *, follow: bool = False, labels: bool = False) -> None:
        self.source, self.follow, self.labels = source, follow, labels
        self._given_up: dict[str, str] = {}

    def look(self, store: MonitorStore) -> Iterator[Update]:
        """Read what is new."""
        errors = []
        files = self._found()
        for file in files:
            try:
                yield from self._file(store, file)
            except BadInput as error:
                errors.append(error)
                yield said(store, "unreadable source", f"{error}; it is left out until it changes")
        if errors and len(errors) == len(files) and not self.follow:
            raise errors[0]

    def _found(self) -> list[Path]:
        try:
            return find_files(self.source, Path(self.source), "source")
        except BadInput:
            if self.follow and not Path(self.source).is_file():
                return []
            raise

    def _file(self, store: MonitorStore, file: Path) -> Iterator[Update]:
        name, stat = ("labels of " if self.labels else "") + os.path.abspath(file), file.stat()
        label = f"{stat.st_size} {stat.st_mtime_ns}"
        taken, mark, done = store.place(name) or (0, "", False)
        was = json.loads(mark) if mark else {}
        if (done and was["label"] == label) or self._given_up.get(name) == label:
            return
        if self.follow and time.time() - stat.st_mtime < QUIET:
            return
        self._given_up[name] = label
        checksum = checksum_of(file)
        mark = json.dumps({"label": label, "sum": checksum})
        if was and was["sum"] != checksum:
            how = "it was read" if done else f"{taken} of its rows were read"
            store.finish(name, json.dumps({"label": label, "sum": was["sum"]}))  # what was counted
            yield said(store, "changed source", f"{name} has changed since {how}; what it holds now is not read")
            return
        twin = None if was or self.labels else store.twin(checksum)
        if done or twin:
            store.finish(name, mark)
        if twin:
            yield said(store, "repeated source", f"{name} holds what {twin} held; it is not counted again")
        if not done and not twin:
            yield from read_file(file, name, mark, store, store.label if self.labels else store.ingest)
            store.finish(name, mark)


def read_file(file: Path, name: str, mark: str, store: MonitorStore, take: Callable[..., Update]) -> Iterator[Update]:
    """Rows of a file that were not taken yet, in the same pieces whenever it is read."""
    for attempt in range(TRIES):
        try:
            at = 0
            for piece in pieces(file):
                taken = (store.place(name) or (0, "", False))[0]
                if at + piece.num_rows > taken:
                    yield take(piece, source=name, position=at, mark=mark)
                at += piece.num_rows
            return
        except BadInput:
            if attempt == TRIES - 1:
                raise
            time.sleep(PAUSE)


def pieces(file: Path) -> Iterator[pa.Table]:
    """A file's rows, 10 000 at a time, with types that hold in the whole file."""
    opened = open_source(file, "source")
    opened.settle()
    start = 0
    while True:
        at = 0
        try:
            for batch in opened.batches():
                for low in range(0, batch.num_rows, PIECE):
                    piece = pa.Table.from_batches([batch.slice(low, PIECE)])
                    at += piece.num_rows
                    if at > start:
                        start = at
                        yield piece
            return
        except Mistyped as error:
            opened.retype(error)


def checksum_of(file: Path) -> str:
    """Of a file's bytes."""
    made = blake2b(digest_size=16)
    try:
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                made.update(block)
    except OSError as error:
        raise BadInput(f"source: {file} cannot be read ({error.strerror}); check its permissions") from None
    return made.hexdigest()


def said(store: MonitorStore, what: What, detail: str) -> Update:
    """Keep a fact about a source, and hand it on."""
    found = Break(store.rows, "", what, detail)
    store.note(found)
    return Update(0, (), (found,))
