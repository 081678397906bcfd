"""A model's metric on rows whose labels are not there yet, alone."""

from __future__ import annotations

import pyarrow as pa

from ecotone.compare.estimate import doubly_robust
from ecotone.contracts import Estimate
from ecotone.data import Frame, ModelOptions, Roles, align_tables

from ._model_outputs import Outputs
from ._performance_limits import LEVEL


def expected_metric(
    reference: pa.Table, current: pa.Table, roles: Roles, model: ModelOptions, *, seed: int = 0
) -> Estimate:
    """The doubly robust estimate of :func:`performance`, without what else that looks at, and without current labels.

    Parameters
    ----------
    reference, current : pyarrow.Table
        The target of ``current``, where it is there, is not looked at.
    roles : Roles
        The target, and the columns of the model's output where these stand in for it.
    model : ModelOptions
        ``accuracy`` for classes and ``mae`` for numbers, unless it names another metric.
    seed : int

    Returns
    -------
    Estimate
        With its 90 % interval.

    Raises
    ------
    BadInput
        As :func:`performance`.
    """
    if roles.target in current.column_names:
        current = current.drop_columns([str(roles.target)])
    pair = align_tables(Frame(reference, (), name="reference"), Frame(current, (), name="current"), roles, seed=seed)
    data, _ = Outputs(pair, (reference, current), roles, model, seed=seed).predictions()
    metric = model.metric or ("mae" if data.is_regression else "accuracy")
    return doubly_robust(data, metric, level=LEVEL, seed=seed)
