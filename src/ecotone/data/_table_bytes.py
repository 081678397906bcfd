"""An Arrow table as the bytes of a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa

from ecotone.contracts import BadInput


def table_bytes(path: str | Path, table: pa.Table) -> bytes:
    """A table in the format of a file's name, to be written together with other files.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.arrow`` and ``.feather`` are what they say; any other name is Parquet.
    table : pyarrow.Table

    Returns
    -------
    bytes

    Raises
    ------
    BadInput
        A table that the format cannot hold.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table_bytes("a.csv", pa.table({"x": [1, 2]}))
    b'"x"\\n1\\n2\\n'
    """
    made, suffix = io.BytesIO(), Path(path).suffix
    try:
        _write(made, table, suffix)
    except (pa.ArrowException, ValueError) as error:  # a format may have no such type, or not so far a date
        reason = str(error).split("\n")[0][:200]
        raise BadInput(f"{path}: {suffix} cannot hold this table ({reason}); give a name in .arrow") from None
    return made.getvalue()


def _write(made: io.BytesIO, table: pa.Table, suffix: str) -> None:
    if suffix == ".csv":
        from pyarrow import csv

        csv.write_csv(_plain(table), made)
    elif suffix in (".arrow", ".feather"):
        from pyarrow import feather

        feather.write_feather(table, made)
    else:
        import pyarrow.parquet as pq

        pq.write_table(table, made)


def _plain(table: pa.Table) -> Any:
    """Dictionaries as the texts that they stand for: CSV has no other."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table
