"""Tables that a command writes: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from ecotone.contracts import BadInput, write_whole
from ecotone.data import table_bytes

FORMATS = (".parquet", ".csv", ".arrow", ".feather")


def check_format(option: str, path: Path | None) -> None:
    """Raise ``BadInput`` for a name whose ending is not that of a table."""
    if path is not None and path.suffix not in FORMATS:
        raise BadInput(f"{option} {path}: a table's name ends in {', '.join(FORMATS)}; rename it")


def write_table(path: Path, table: pa.Table) -> None:
    """Write an Arrow table in the format of its name, whole or not at all."""
    write_whole([(path, table_bytes(path, table))])
