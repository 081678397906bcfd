"""Blocks of Arrow tables as what a model takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats

from .._model_columns import model_columns


def is_arrow(x: Any) -> bool:
    """Whether a block is an Arrow table."""
    return type(x).__module__.startswith("pyarrow") and hasattr(x, "column_names")


def matrix(table: Any) -> Floats:
    """Columns of numbers and truth values as a matrix, NaN where missing."""
    columns = []
    for name in table.column_names:
        values = table[name].to_numpy()
        if values.dtype.kind not in "iufb":
            try:
                values = np.array([np.nan if v is None else v for v in values.tolist()], float)
            except (TypeError, ValueError):
                raise BadInput(
                    f"column {name!r} has {values[0]!r}, no number; leave it out, or give a pipeline that encodes it"
                ) from None
        columns.append(values.astype(float))
    return np.column_stack(columns) if columns else np.empty((table.num_rows, 0))


def for_estimator(table: Any, estimator: Any) -> Any:
    """The columns that an estimator was fitted on: by name as a data frame, else all of them as a matrix."""
    named = model_columns(estimator, table.column_names)
    if named is None:
        return matrix(table)
    table = table.select(named.given)
    for library in ("pandas", "polars"):
        try:
            module = __import__(library)
        except ImportError:
            continue
        return table.to_pandas() if library == "pandas" else module.from_arrow(table)
    return matrix(table)


def columns_by_name(table: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """(n, 1) values of the column that each input of a graph is named after."""
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise BadInput(
            f"the table lacks column {missing[0]!r}, an input of the graph (inputs: {', '.join(names[:8])}); give "
            "every column"
        )
    return {name: _one(table, name) for name in names}


def _one(table: Any, name: str) -> Any:
    """A column as (n, 1): numbers, or words as they are."""
    if str(table.schema.field(name).type) in ("string", "large_string"):
        return np.array([["" if v is None else v] for v in table[name].to_pylist()], dtype=object).reshape(-1, 1)
    return matrix(table.select([name]))
