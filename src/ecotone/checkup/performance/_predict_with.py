"""Ask a model for its predictions on a table."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats, foreign
from ecotone.data import ModelOptions


def predict_with(
    options: ModelOptions, table: pa.Table, feature_names: Sequence[str], where: str = "the table"
) -> tuple[NDArray[Any], Floats | None]:
    """A model's predictions on the rows of a table, and its probabilities if it has any.

    The model gets the columns that it was fitted on, by the names that it keeps, else ``feature_names``: as a data
    frame where it knows its columns by name, else as a matrix. An object of the user's own that fails on these gets
    the data frame of all ``feature_names``.

    Parameters
    ----------
    options : ModelOptions
        Of which ``model`` is an object with ``predict`` and perhaps ``predict_proba``.
    table : pyarrow.Table
    feature_names : sequence of str
        Columns in the model's order, for one that does not name its own.
    where : str
        What messages call the table.

    Returns
    -------
    (n,) array, (n, k) float64 or None

    Raises
    ------
    BadInput
        For columns that the table lacks, a model that raises, or output of the wrong shape.
    """
    model: Any = options.model
    if not callable(getattr(model, "predict", None)):
        raise BadInput(f"model of type {type(model).__name__} has no predict(); give an object with predict()")
    named = options.columns(table.column_names, where)
    missing = [name for name in (feature_names if named is None else ()) if name not in table.column_names]
    if missing:
        raise BadInput(f"model: it reads {missing[0]!r}, which {where} lacks; give a table that has every column")
    rows = _rows_for(table.select(feature_names if named is None else named.given), by_name=named is not None)
    try:
        said = _call(model.predict, rows, where)
    except BadInput:
        if hasattr(model, "n_features_in_") or (named is not None and named.sure):
            raise
        rows = _rows_for(table.select(feature_names), by_name=True)
        try:
            said = _call(model.predict, rows, where)
        except BadInput:
            said = None
        if said is None:
            raise
    predicted = np.asarray(said)
    if predicted.ndim == 2 and predicted.shape[1] == 1:
        predicted = predicted[:, 0]
    if predicted.shape != (table.num_rows,):
        raise BadInput(
            f"model: predict() gave shape {predicted.shape} for {table.num_rows} rows of {where}; give one number "
            "or class per row"
        )
    probabilities = getattr(model, "predict_proba", None)
    if not callable(probabilities):
        return predicted, None
    given = _call(probabilities, rows, where)
    with foreign(lambda raised: f"model: predict_proba() gave no numbers for {where} ({raised}); give probabilities"):
        probability = np.asarray(given, dtype=np.float64)
    if probability.ndim != 2 or len(probability) != table.num_rows:
        raise BadInput(f"model: predict_proba() gave shape {probability.shape} for {table.num_rows} rows of {where}")
    return predicted, probability


def _call(function: Any, rows: Any, where: str) -> Any:
    with (
        foreign(lambda raised: f"model: it failed on {where} with {raised}; give a model that predicts these rows"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        return function(rows)


def _rows_for(table: pa.Table, by_name: bool) -> Any:
    """What a model is given: a data frame for names, else numbers, else objects."""
    if by_name:
        for library in ("pandas", "polars"):
            try:
                module = __import__(library)
            except ImportError:
                continue
            return table.to_pandas() if library == "pandas" else module.from_arrow(table)
    columns = [column.to_numpy() for column in table.columns]
    if all(c.dtype.kind in "iufb" for c in columns):
        return np.column_stack(columns).astype(np.float64)
    return np.column_stack([c.astype(object) for c in columns]) if columns else np.empty((table.num_rows, 0))
