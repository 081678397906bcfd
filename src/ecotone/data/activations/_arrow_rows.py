"""Blocks of Arrow tables as what a model takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats


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
    own = getattr(estimator, "feature_names_in_", None)
    names = [] if own is None else [str(name) for name in own]
    missing = [name for name in names if name not in table.column_names]
    if names and len(missing) == len(names) == table.num_columns:
        return matrix(table)  # names that a library made up
    if missing:
        raise BadInput(f"the table lacks column {missing[0]!r}, which the estimator was fitted on; give every column")
    if not names:
        return matrix(table)
    table = table.select(names)
    for library in ("pandas", "polars"):
        try:
            module = __import__(library)
        except ImportError:
            continue
        return table.to_pandas() if library == "pandas" else module.from_arrow(table)
    return matrix(table)
