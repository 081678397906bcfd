"""A user's kind of table, and tables given back as that."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def native(source: Any) -> str:
    """What kind of table the user has: ``pandas``, ``polars`` or ``pyarrow``."""
    try:
        name = str(nw.get_native_namespace(nw.from_native(source)).__name__)
    except TypeError:
        return "numpy" if isinstance(source, np.ndarray) else "pyarrow"
    return name if name in ("pandas", "polars") else "pyarrow"


def give(table: pa.Table, kind: str) -> Any:
    """The table as the user's kind of one; ``numpy`` is an array of numbers."""
    if kind == "numpy":
        return np.column_stack([np.asarray(c.to_numpy(), np.float64) for c in table.columns])
    if kind == "pandas":
        return table.to_pandas()
    if kind == "polars":
        import polars

        return polars.from_arrow(table)
    return table


def coalesce(column: Any, filled: Any) -> Any:
    """An Arrow column with its gaps taken from ``filled``, in its own type."""
    column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    filled = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    if pa.types.is_dictionary(column.type):
        return pc.coalesce(column.cast(pa.string()), filled.cast(pa.string())).dictionary_encode()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return pc.coalesce(column, filled.cast(column.type, safe=False))


def with_gaps_filled(table: pa.Table, filled: pa.Table, names: list[str]) -> pa.Table:
    """An Arrow table with the gaps of some columns taken from ``filled``."""
    for name in names:
        whole = pa.chunked_array([coalesce(table.column(name), filled.column(name))])
        table = table.set_column(table.column_names.index(name), name, whole)
    return table
