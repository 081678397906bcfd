"""Tables of a DuckDB file, which may come from anybody: nothing in it reaches outside of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pyarrow as pa

from ecotone.contracts import BadInput

from ._failures import first_line
from ._part import Request, skip

#: A view, a macro or a default of a received file may name files, addresses, secrets and extensions; none is opened.
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_persistent_secrets": "false",
    "allow_community_extensions": "false",
    "lock_configuration": "true",
}


class DuckdbPart:
    """One table, or view, of a DuckDB file.

    Parameters
    ----------
    file : str
    table : str
        Empty for the only one; with its schema where that is not ``main``.
    name : str
        What error messages call it.
    """

    seeks = False

    def __init__(self, file: str, table: str, name: str) -> None:
        self.name, self._table, self._asked = file, table, name

    @cached_property
    def schema(self) -> pa.Schema:
        with self._opened() as base:
            return base.sql(f"select * from {self._found(base)} limit 0").to_arrow_table().schema

    def count(self) -> int:
        with self._opened() as base:
            return int(base.sql(f"select count(*) from {self._found(base)}").fetchall()[0][0])

    def batches(self, request: Request, first: int = 0) -> Iterator[pa.RecordBatch]:
        return skip(self._all(request), first)

    def _all(self, request: Request) -> Iterator[pa.RecordBatch]:
        names = ", ".join(_quoted(name) for name in request.schema.names)
        with self._opened() as base:
            yield from base.sql(f"select {names} from {self._found(base)}").to_arrow_reader(request.rows)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import duckdb

        try:
            try:
                base, ours = duckdb.connect(self.name, read_only=True, config=_CLOSED), True
            except duckdb.ConnectionException:  # this process has it open already, in its own way
                base, ours = duckdb.connect(self.name), False
            with base:
                if not ours and self._is_view(base):
                    raise BadInput(
                        f"{self._asked}: {self._table} is a view, and {self.name} is open in this process with access "
                        "to other files; close it there first, or give a table"
                    )
                yield base
        except duckdb.Error as error:
            reason = first_line(error)
            if "external access" in str(error) or isinstance(error, duckdb.PermissionException):
                raise BadInput(
                    f"{self._asked}: {self._table or 'a view'} in {self.name} reads outside of the file, which is not "
                    f"allowed ({reason}); make a table of it first"
                ) from None
            raise BadInput(f"{self._asked}: {self.name} cannot be read as a DuckDB file ({reason})") from None

    def after(self, key: str, last: str | None, rows: int) -> Iterator[tuple[pa.Table, str]]:
        """Rows whose key is greater than ``last``, by rising key, in tables of ``rows``, each with its last key."""
        with self._opened() as base:
            table, column = self._found(base), _quoted(key)
            if key not in self.schema.names:
                raise BadInput(f"{self._asked}: {self.name} has no column {key!r} to grow by; name another key")
            kind = base.execute(f"select typeof({column}) from {table} limit 1").fetchall()
            if not kind:
                return
            query, values = f"select *, cast({column} as varchar) from {table} where {column} is not null", []
            if last is not None:
                query, values = f"{query} and {column} > cast(? as {kind[0][0]})", [last]
            found = base.sql(f"{query} order by {column}", params=values).to_arrow_reader(rows)
            for batch in found:
                held = pa.Table.from_batches([batch])
                end = held.num_columns - 1
                yield held.remove_column(end), str(held.column(end)[-1])

    def _is_view(self, base: Any) -> bool:
        self._found(base)
        views = base.execute("select table_schema, table_name from information_schema.views").fetchall()
        return self._table in {_joined(*view) for view in views}

    def _found(self, base: Any) -> str:
        rows = base.execute("select table_schema, table_name from information_schema.tables order by all").fetchall()
        known = {_joined(*row): row for row in rows}
        if not self._table and len(known) == 1:
            self._table = next(iter(known))
        if self._table not in known:
            asked = f"no table {self._table!r}" if self._table else f"{len(known)} tables"
            raise BadInput(
                f"{self._asked}: {self.name} holds {asked}; give {self.name}::TABLE, where TABLE is one of: "
                f"{', '.join(list(known)[:8]) or '(none)'}"
            )
        return ".".join(_quoted(part) for part in known[self._table])


def keyed_batches(source: str, key: str, last: str | None, rows: int) -> Iterator[tuple[pa.Table, str]]:
    """Rows of ``file.duckdb::table`` whose key is greater than ``last``, by rising key, each table with its last key.

    Raises
    ------
    BadInput
        The file cannot be read, or has no such table or column.
    """
    file, _, table = source.partition("::")
    yield from DuckdbPart(file, table, "source").after(key, last, rows)


def _joined(schema: str, table: str) -> str:
    return table if schema == "main" else f"{schema}.{table}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
