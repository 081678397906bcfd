"""What a monitor reads is kept in transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ecotone.contracts import BadInput

from ._alarm import Break
from ._records import Records
from ._store_file import failure
from ._stored_monitor import StoredMonitor


class Transactions(StoredMonitor):
    """A monitor in its file whose changes are kept whole, or not at all."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several calls as one transaction: all of them are kept, or none; one commit for all."""
        import duckdb

        with self._lock:
            if self.read_only:
                raise BadInput(f"state {self.path} was opened to be read only; open it without read_only")
            self._depth += 1
            try:
                if self._depth == 1:
                    self._base.execute("begin")
                yield
                if self._depth == 1:
                    self._tables.write(self._run)
                    self._base.execute("commit")
            except BaseException as error:
                if self._depth == 1:
                    self._undo()
                if isinstance(error, duckdb.Error):
                    raise failure(self.path, error) from None
                raise
            finally:
                self._depth -= 1

    def finish(self, source: str, mark: str) -> None:
        """Nothing more is read from a source."""
        with self.transaction():
            taken, _, _ = self.place(source) or (0, "", False)
            self._records.put_source(source, taken, mark, True)

    def note(self, found: Break) -> None:
        """Keep a fact about a source."""
        with self.transaction():
            self._records.add_breaks([replace(found, row=self._run.rows)])

    def put_check(self, number: int, check: dict[str, Any]) -> None:
        """Keep what ``check`` found on the rows of an episode."""
        with self.transaction():
            self._records.put_check(number, check)

    def _undo(self) -> None:
        """Forget what a transaction that failed has done, in the file and in memory."""
        import duckdb

        try:
            self._base.execute("rollback")
            self._tables, self._run = self._loaded()
            self._records = Records(self._base)
        except duckdb.Error:  # a full disk closes the database: whoever goes on opens it again
            self._base.close()
