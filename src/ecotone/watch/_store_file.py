"""The one file of a monitor: opened, locked, its tables and its version."""

from __future__ import annotations

import contextlib
import json
import os
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

from ecotone.contracts import BadInput

FORMAT = "ecotone.watch/1"
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_persistent_secrets": "false",
    "allow_community_extensions": "false",
    "threads": 1,
    "checkpoint_threshold": "2MB",
    "preserve_insertion_order": "true",
}
_TABLES = """
create table about (format text, settings text, digest text);
create table state (name text, data blob);
create table recent (first bigint, rows blob, cells blob);
create table chunks (first bigint, body text, sums blob);
create table sources (name text, taken bigint, mark text, done boolean);
create table episodes (number bigint, body text, alarms bigint, last bigint, ended text, checked text);
create table alarms (episode bigint, body text);
create table breaks (number bigint, body text);
create table labels (key ubigint, line bigint, said text, told text);
create table blocks (line bigint, rows bigint, digest text);
"""


def make_file(path: Path) -> Any:
    """A new file beside ``path`` with empty tables; :func:`put_in_place` gives it its name."""
    if path.exists():
        raise BadInput(f"state {path} exists already; go on with it, or give another name")
    if not path.parent.is_dir():
        raise BadInput(f"state {path}: the folder {path.parent} does not exist; make it first")
    _unlinked(_draft(path))
    base = _connected(_draft(path), path, read_only=False, config={"default_block_size": 16384})
    base.execute(_TABLES)
    return base


def put_in_place(path: Path, base: Any) -> None:
    """Give a finished new file its name: what was interrupted before is not there."""
    base.execute("checkpoint")
    base.close()
    os.replace(_draft(path), path)
    _unlinked(_draft(path))


def open_file(path: Path, *, read_only: bool) -> Any:
    """The file of a monitor of this version.

    Raises
    ------
    BadInput
        It is not there, no monitor, of another version, damaged, or in use by another process.
    """
    if not path.is_file():
        raise BadInput(f"state {path}: there is no such file; start a monitor with a reference first")
    base = _connected(path, path, read_only=read_only, config={})
    import duckdb

    try:
        found = base.execute("select format from about").fetchone()
    except duckdb.Error:
        base.close()
        raise BadInput(f"state {path} is a DuckDB file, but holds no monitor; give the file of --state") from None
    if found is None or found[0] != FORMAT:
        base.close()
        was = "half-written" if found is None else f"{found[0]!r}, not {FORMAT!r}"
        raise BadInput(f"state {path} is {was}; start a new monitor, or read it with the version that wrote it")
    return base


def _connected(file: Path, path: Path, *, read_only: bool, config: dict[str, Any]) -> Any:
    import duckdb

    try:
        return duckdb.connect(str(file), read_only=read_only, config={**_CONFIG, **config})
    except duckdb.Error as error:
        raise failure(path, error) from None


class InUse(BadInput):
    """Another process has the file; it may let go of it soon."""


def failure(path: Path, error: Exception) -> BadInput:
    """What a database error means for whoever runs the monitor."""
    said = str(error).split("\n")[0][:200]
    whole = str(error)
    if "lock" in whole.lower():
        return InUse(
            f"state {path} is in use by another process ({said}); stop that one, or ask it; a watch that waits for "
            "rows lets go of the file in between"
        )
    if "No space left" in whole or "out of disk" in whole.lower() or "disk full" in whole.lower():
        return BadInput(f"state {path} cannot be written ({said}); free some room and run again: nothing was counted")
    if "version" in whole.lower():
        return BadInput(f"state {path} was written by another version of DuckDB ({said}); use that, or start anew")
    return BadInput(f"state {path} cannot be used ({said}); is it whole, and writable? Else restore it from a copy")


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _unlinked(draft: Path) -> None:
    for file in (draft, draft.with_name(draft.name + ".wal")):
        with contextlib.suppress(FileNotFoundError):
            file.unlink()


def text(value: Any) -> str:
    """Strict JSON."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def digest_of(table: pa.Table) -> str:
    """Of a table's columns and values, however it is cut into chunks."""
    made = blake2b(digest_size=16)
    for name in table.column_names:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        made.update(f"{name}\0{column.type}\0".encode("utf-8", "replace"))
        sink = pa.BufferOutputStream()
        batch = pa.table({"x": column.combine_chunks()}).combine_chunks()
        with pa.ipc.new_stream(sink, batch.schema) as out:
            out.write_table(batch)
        made.update(sink.getvalue())
    return made.hexdigest()
