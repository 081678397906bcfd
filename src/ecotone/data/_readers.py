"""One table from a file, a folder, a database, a data frame or arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from ecotone.contracts import BadInput

from ._frame import Frame
from ._profile import Profile
from ._table import Part
from .sources import Mistyped, Source, open_source, utf8


def read_table(source: Any, *, name: str = "reference") -> Frame:
    """Read a table from wherever it is.

    Parameters
    ----------
    source : str, Path, data frame, mapping or array
        A path to CSV (``.csv``, ``.csv.gz``, ``.tsv``), Parquet or Arrow IPC (``.arrow``, ``.feather``, ``.ipc``);
        a glob or a folder of them, read in sorted order of their paths; a profile (``.profile``, or the object), for
        the rows that it keeps; ``file.duckdb::table``, or the file alone
        where it holds one table; any data frame that narwhals knows (pandas, polars, Arrow, a DuckDB relation); a
        mapping of names to one-dimensional arrays; an array ``(n,)``, ``(n, d)`` (columns ``x0`` …) or structured.
    name : str
        What error messages call the table.

    Returns
    -------
    Frame

    Raises
    ------
    BadInput
        In one sentence with the remedy: no such file, nothing readable, no rows, no columns, two columns of one
        name, files that do not fit together, an object that is no table.

    Examples
    --------
    >>> frame = read_table({"x": [1.0, 2.0], "city": ["Ulm", None]})
    >>> frame.n, frame.arrow.column_names
    (2, ['x', 'city'])
    """
    if isinstance(source, Frame):
        return source
    if (kept := _kept_rows(source, name)) is not None:
        return kept
    opened = open_source(source, name)
    table, parts = _whole(opened)
    if table.num_rows == 0:
        where = f"{name} ({source})" if isinstance(source, str | Path) else name
        raise BadInput(f"{where} has no rows; give a table with at least one")
    return Frame(table, parts, opened.notes, name)


def _whole(opened: Source) -> tuple[pa.Table, tuple[Part, ...]]:
    """All rows, and how many each part gave."""
    while True:
        try:
            found = list(opened.tables())
            break
        except Mistyped as error:
            opened.retype(error)
    parts = tuple(Part(utf8(name), table.num_rows) for name, table in found)
    return pa.concat_tables([table for _, table in found]), parts


def open_profile(source: Any, name: str) -> Profile | None:
    """The profile that a source is (a path or the object); None where it is none."""
    is_path = _is_profile_path(source)
    if not is_path and not hasattr(source, "to_frame"):
        return None
    try:
        held = Profile.load(source) if is_path else source
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from None
    return held if isinstance(held, Profile) else None


def _is_profile_path(source: Any) -> bool:
    return isinstance(source, str | Path) and str(source).endswith(".profile") and not os.path.isdir(source)


def _kept_rows(source: Any, name: str) -> Frame | None:
    """The rows that a profile keeps; None where the source is no profile."""
    held = open_profile(source, name)
    if held is None:
        return None
    is_path = _is_profile_path(source)
    try:
        return held.to_frame(utf8(str(source)) if is_path else name)
    except BadInput as error:
        raise BadInput(f"{name} ({source}): {error}" if is_path else f"{name}: {error}") from None
