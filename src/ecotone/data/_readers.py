"""One table from a file, a folder, a database, a data frame or arrays."""

from __future__ import annotations

import os
from dataclasses import dataclass
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
    return open_table(source, name=name).read()


@dataclass(frozen=True)
class TableSource:
    """Where a table is, before its rows are read.

    Parameters
    ----------
    given : Any
        What the user gave, as :func:`read_table` takes it.
    name : str
        What error messages call the table.
    profile : Profile or None
        The profile that it is, if it is one.
    """

    given: Any
    name: str
    profile: Profile | None

    def read(self) -> Frame:
        """All rows; of a profile those that it keeps. Raises as :func:`read_table`."""
        if isinstance(self.given, Frame):
            return self.given
        if self.profile is not None:
            return self._kept(self.profile)
        opened = open_source(self.given, self.name)
        table, parts = _whole(opened)
        if table.num_rows == 0:
            raise BadInput(f"{self.in_words} has no rows; give a table with at least one")
        return Frame(table, parts, opened.notes, self.name)

    @property
    def path(self) -> str | None:
        """The path, where it is one."""
        return utf8(str(self.given)) if isinstance(self.given, str | Path) else None

    @property
    def in_words(self) -> str:
        """Its name, and its path in brackets."""
        return self.name if self.path is None else f"{self.name} ({self.path})"

    def _kept(self, profile: Profile) -> Frame:
        try:
            return profile.to_frame(self.path or self.name)
        except BadInput as error:
            raise BadInput(f"{self.in_words}: {error}") from None


def open_table(source: Any, *, name: str = "reference") -> TableSource:
    """What :func:`read_table` would read, of which only a profile is opened. Raises ``BadInput`` for a damaged one."""
    return TableSource(source, name, open_profile(source, name))


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
