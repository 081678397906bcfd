"""Batches of one schema from files, folders, databases and frames."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from ecotone.contracts import BadInput

from ._profile_files import Mistyped, fit_schema, list_files, read_batches, schema_of, wider
from ._readers import read_table

_PREFETCH = 2


class Source:
    """A table that can be read in batches, more than once unless it is a stream.

    Parameters
    ----------
    name : str
        What it is, without folders.
    schema : pyarrow.Schema
    read : callable
        Gives the batches, read with the schema and the number of rows that it is called with.
    again : bool
        Whether the batches can be read more than once.
    """

    def __init__(
        self, name: str, schema: Any, read: Callable[[Any, int], Iterable[Any]], *, again: bool = True
    ) -> None:
        try:
            schema.names  # noqa: B018  (Arrow decodes them when asked)
        except UnicodeDecodeError:
            raise BadInput(f"{name} has a column name that is not UTF-8 text; is it a table, and whole?") from None
        plain = [f.with_type(pa.string()) if f.type == pa.string_view() else f for f in schema]
        self.name, self.schema, self.again, self._read = name, pa.schema(plain), again, read
        self._views = self.schema != schema  # Arrow can not yet take rows of string views
        odd = sorted({n for n in schema.names if schema.names.count(n) > 1})
        if odd:
            raise BadInput(f"{name} has two columns named {odd[0]!r}; rename one of them")
        if not schema.names:
            raise BadInput(f"{name} has no columns; give a table with at least one")

    def batches(self) -> Iterator[Any]:
        """Batches of about 32 MB, decoded one ahead of where they are used."""
        rows = 1 << max(10, min(17, (2**22 // len(self.schema)).bit_length() - 1))
        batches: Iterable[Any] = self._read(self.schema, rows)
        if self._views:
            batches = (fit_schema(batch, self.schema) for batch in batches)
        return _ahead(piece for batch in batches for piece in _pieces(batch, rows))

    def select(self, columns: Sequence[str]) -> None:
        """Read some columns only."""
        for column in columns:
            if column not in self.schema.names:
                raise BadInput(f"{self.name} has no column {column!r}; it has {', '.join(self.schema.names[:8])}")
        self.schema = pa.schema([self.schema.field(column) for column in columns])

    def widen(self, error: Exception) -> bool:
        """Widen the guessed type of the column that an error is about; False where that is not the trouble."""
        if not isinstance(error, Mistyped):
            return False
        at = self.schema.get_field_index(error.column)
        kind = wider(self.schema.field(at).type, error.value)
        self.schema = self.schema.set(at, pa.field(error.column, kind))
        return True


def _pieces(batch: Any, rows: int) -> Iterator[Any]:
    for start in range(0, len(batch), rows):
        yield batch.slice(start, rows)


def _ahead(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches, read by a thread of their own that is at most two ahead."""
    line: queue.Queue[Any] = queue.Queue(_PREFETCH)
    stop = threading.Event()

    def put(item: Any) -> None:
        while not stop.is_set():
            try:
                return line.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for batch in batches:
                put((batch, None))
                if stop.is_set():
                    return
            put((None, None))
        except BaseException as error:
            put((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            batch, error = line.get()
            if error is not None:
                raise error
            if batch is None:
                return
            yield batch
    finally:
        stop.set()
        thread.join()


@contextmanager
def open_source(source: Any, columns: Sequence[str] | None, name: str) -> Iterator[Source]:
    """Open a table for reading in batches; raises ``BadInput`` where that is not possible."""
    if isinstance(source, str | Path):
        text = str(source)
        if not text.strip():
            raise BadInput(f"{name}: the path is empty; give a file, a glob, a folder or DB.duckdb::table")
        if _is_duckdb(text):
            with _duckdb(text, name) as opened:
                if columns is not None:
                    opened.select(columns)
                yield opened
            return
        opened = _files(list_files(text, name), name)
    elif isinstance(source, pa.RecordBatchReader):
        opened = Source(name, source.schema, lambda schema, _: (b.select(schema.names) for b in source), again=False)
    elif isinstance(source, ds.Dataset):
        opened = Source(
            name,
            source.schema,
            lambda schema, rows: source.to_batches(columns=schema.names, batch_size=rows),
            again=not isinstance(source, ds.InMemoryDataset),  # it may stand for a stream
        )
    else:
        table = read_table(source, name=name).arrow
        opened = Source(
            name, table.schema, lambda schema, rows: table.select(schema.names).to_batches(max_chunksize=rows)
        )
    if columns is not None:
        opened.select(columns)
    yield opened


def _files(files: list[Path], name: str) -> Source:
    schemas = []
    for file in files:
        try:
            schemas.append(schema_of(file))
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            line = str(error).strip().split("\n")[0][:200]
            raise BadInput(
                f"{name}: {file} cannot be read ({line}); is it whole and of the kind its ending says?"
            ) from None
    for schema, file in zip(schemas[1:], files[1:]):
        odd = sorted(set(schemas[0].names) ^ set(schema.names))
        if odd:
            raise BadInput(f"{name}: column {odd[0]!r} is in only one of {files[0]} and {file}; give the same columns")
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive") if len(schemas) > 1 else schemas[0]
    except pa.ArrowException as error:
        raise BadInput(f"{name}: the files' types do not fit together ({str(error)[:200]})") from None

    def read(wanted: Any, rows: int) -> Iterator[Any]:
        for file in files:
            yield from (fit_schema(batch, wanted) for batch in read_batches(file, wanted, rows))

    return Source(files[0].name, schema.remove_metadata(), read)


def _is_duckdb(source: str) -> bool:
    file = source.partition("::")[0]
    named = "::" in source or file.endswith((".duckdb", ".db"))
    return named and not os.path.isdir(source) and os.path.isfile(file)


@contextmanager
def _duckdb(source: str, name: str) -> Iterator[Source]:
    import duckdb

    file, _, table = source.partition("::")
    try:
        with duckdb.connect(file, read_only=True) as base:
            tables = "select table_schema, table_name from information_schema.tables order by all"
            found = {t if s == "main" else f"{s}.{t}": (s, t) for s, t in base.execute(tables).fetchall()}
            if not table and len(found) == 1:
                table = next(iter(found))
            if table not in found:
                known = ", ".join(list(found)[:8]) or "(none)"
                raise BadInput(f"{name}: {file} has no table {table!r}; give {file}::TABLE, TABLE one of: {known}")
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in found[table])
            schema = base.sql(f"select * from {quoted} limit 0").to_arrow_table().schema

            def read(wanted: Any, rows: int) -> Iterator[Any]:
                names = ", ".join('"' + n.replace('"', '""') + '"' for n in wanted.names)
                yield from base.cursor().sql(f"select {names} from {quoted}").to_arrow_reader(rows)

            yield Source(table, schema, read)
    except duckdb.Error as error:
        line = str(error).strip().split("\n")[0][:200]
        raise BadInput(f"{name}: {file} cannot be read as a DuckDB file ({line})") from None
