"""What a monitor reads is kept in transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ecotone.contracts import BadInput

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

    def _undo(self) -> None:
        """Forget what a transaction that failed has done, in the file and in memory."""
        import duckdb

        try:
            self._base.execute("rollback")
            self._tables, self._run = self._loaded()
        except duckdb.Error:  # a full disk closes the database: whoever goes on opens it again
            self._base.close()
