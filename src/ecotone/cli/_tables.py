"""Tables that a command writes: whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa

from ecotone.contracts import BadInput, write_whole

FORMATS = (".parquet", ".csv", ".arrow", ".feather")


def check_format(option: str, path: Path | None) -> None:
    """Raise ``BadInput`` for a name whose ending is not that of a table."""
    if path is not None and path.suffix not in FORMATS:
        raise BadInput(f"{option} {path}: a table's name ends in {', '.join(FORMATS)}; rename it")


def write_table(path: Path, table: pa.Table) -> None:
    """Write an Arrow table in the format of its name, whole or not at all."""
    write_whole([(path, table_bytes(path, table))])


def table_bytes(path: Path, table: pa.Table) -> bytes:
    """A table as the bytes of a file in the format of its name, to be written with other files."""
    made = io.BytesIO()
    try:
        _write(made, table, path.suffix)
    except (pa.ArrowException, ValueError) as error:  # a format may have no such type, or not so far a date
        reason = str(error).split("\n")[0][:200]
        raise BadInput(f"{path}: {path.suffix} cannot hold this table ({reason}); give a name in .arrow") from None
    return made.getvalue()


def _write(path: io.BytesIO, table: pa.Table, suffix: str) -> None:
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
    elif suffix == ".csv":
        from pyarrow import csv

        csv.write_csv(_plain(table), path)
    else:
        from pyarrow import feather

        feather.write_feather(table, path)


def _plain(table: pa.Table) -> Any:
    """Dictionaries as the texts that they stand for: CSV has no other."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table
