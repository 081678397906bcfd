"""What a path names: one file, the files of a folder or a pattern, or a table of a database."""

from __future__ import annotations

import glob
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecotone.contracts import BadInput

from ._csv import CsvPart
from ._duckdb import DuckdbPart
from ._failures import reading
from ._ipc import IpcPart
from ._parquet import ParquetPart
from ._part import SourcePart
from ._stored_file import AnyFile
from ._stores import is_stored, stored_files

FORMATS = "CSV (.csv, .csv.gz, .tsv), Parquet (.parquet, .pq) or Arrow (.arrow, .feather, .ipc)"
_ENDINGS: tuple[tuple[tuple[str, ...], Callable[[Any], SourcePart]], ...] = (
    ((".csv", ".csv.gz", ".tsv", ".tsv.gz"), CsvPart),
    ((".parquet", ".pq"), ParquetPart),
    ((".arrow", ".feather", ".ipc"), IpcPart),
)
_AT_ONCE = 16
_DUCKDB = (".duckdb", ".db")


def find_parts(source: str, name: str) -> tuple[SourcePart, ...]:
    """The parts of the table at a path, a glob, a folder, an address or ``file.duckdb::table``, sorted by path.

    Raises
    ------
    BadInput
        There is no such file, none that can be read, or it is a pipe or a device.
    """
    try:
        if not source.strip():  # Path("") is the folder that one is in
            raise BadInput(f"{name}: the path is empty; give a file, a glob, a folder or DB.duckdb::table")
        if is_stored(source):
            return _stored_parts(source, name)
        path = Path(source)
        file, mark, table = source.partition("::")
        if mark and not path.exists():
            return (DuckdbPart(str(_regular(Path(file), name)), table, name),)
        if path.suffix in _DUCKDB and path.exists() and not path.is_dir():
            return (DuckdbPart(str(_regular(path, name)), "", name),)
        return tuple(_part(file, name) for file in find_files(source, path, name))
    except (OSError, ValueError) as error:  # a name may be too long, or hold a zero byte
        if isinstance(error, BadInput):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{name}: {source[:300]!r} cannot be read: {reason}; check the path") from None


def find_files(source: str, path: Path, name: str) -> list[Path]:
    """The files of a folder or a pattern, or the one file, in sorted order of their paths.

    Raises
    ------
    BadInput
        There is none.
    """
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.is_file() and _kind(p) and not _hidden(p, path)]
        if not files:
            raise BadInput(f"{name}: the folder {source} holds nothing readable; give {FORMATS}")
        return files
    if path.exists():
        return [_regular(path, name)]
    if any(c in source for c in "*?["):
        files = [Path(p) for p in sorted(glob.glob(source, recursive=True)) if Path(p).is_file()]
        if not files:
            raise BadInput(f"{name}: no file matches {source}; check the pattern and the folder")
        return files
    raise BadInput(f"{name}: there is no file {source}; check the path")


def _regular(path: Path, name: str) -> Path:
    if not path.exists():
        raise BadInput(f"{name}: there is no file {path}; check the path")
    if not path.is_file():
        raise BadInput(
            f"{name}: {path} is not a file but a {'folder' if path.is_dir() else 'pipe or a device'}, which cannot be "
            "read twice; write its contents into a file and give that"
        )
    return path


def _hidden(path: Path, root: Path) -> bool:
    return any(p.startswith((".", "_")) for p in path.relative_to(root).parts)


def _stored_parts(source: str, name: str) -> tuple[SourcePart, ...]:
    parts = [_part(file, name) for file in stored_files(source, name, _kind)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # a footer is some round trips; one after another, minutes for thousands
        list(pool.map(_seen, parts))
    return tuple(parts)


def _seen(part: SourcePart) -> None:
    with suppress(Exception):  # it is raised again where the schema is asked for, with the words for it
        part.schema  # noqa: B018


def _kind(path: AnyFile) -> Callable[[Any], SourcePart] | None:
    lower = path.name.lower()
    return next((kind for ends, kind in _ENDINGS if lower.endswith(ends)), None)


def _part(path: AnyFile, name: str) -> SourcePart:
    kind = _kind(path)
    if kind is None:
        raise BadInput(f"{name}: {path} has no known ending; give {FORMATS}, or a DuckDB file (.duckdb)")
    with reading(path, name):
        return kind(path)
