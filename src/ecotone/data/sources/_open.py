"""Open a table from wherever it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._find import find_parts
from ._frames import frame_part
from ._source import Source


def open_source(source: Any, name: str, columns: Sequence[str] | None = None) -> Source:
    """A table for reading in batches.

    Parameters
    ----------
    source : str, Path, data frame, mapping, array, ``pyarrow.RecordBatchReader`` or ``pyarrow.dataset.Dataset``
        As :func:`ecotone.data.read_table` says.
    name : str
        What error messages call it.
    columns : sequence of str, optional
        The columns to read; all by default.

    Raises
    ------
    BadInput
        It cannot be read, or lacks one of the columns.
    """
    notes: list[str] = []
    if isinstance(source, str | Path):
        opened = Source(name, find_parts(str(source), name))
    else:
        opened = Source(name, [frame_part(source, name, notes)], notes)
    if columns is not None:
        opened.select(columns)
    return opened
