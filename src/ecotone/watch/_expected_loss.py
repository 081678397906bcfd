"""The loss of a chunk whose labels are not there yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.checkup.performance import expected_metric
from ecotone.contracts import BadInput
from ecotone.data import ModelOptions, Roles

from ._harm import Harm
from ._loss_estimate import LossEstimate
from ._settings import WatchSettings

#: Rows below which nothing is estimated.
LEAST = 100


@dataclass(frozen=True)
class ExpectedLoss:
    """Estimates the loss of rows by the doubly robust estimate of ``check``, against labelled rows of the reference.

    Parameters
    ----------
    reference : pyarrow.Table
        Rows with labels and the model's output.
    roles : Roles
    metric : {"accuracy", "mae"}
    scale : float
        What absolute errors are a share of.
    seed : int
    """

    reference: pa.Table
    roles: Roles
    metric: str
    scale: float
    seed: int

    @classmethod
    def of(cls, labelled: pa.Table, settings: WatchSettings, harm: Harm | None) -> ExpectedLoss | None:
        """None where it was not asked for."""
        if not settings.estimate:
            return None
        roles = settings.roles
        apart = Roles.of(target=roles.target, prediction=roles.prediction, probability=list(roles.probability),
                         id=list(roles.id), entity=roles.entity, time=roles.time)  # fmt: skip
        of_numbers = harm is not None and harm.kind == "number"
        scale = harm.scale if harm is not None else 1.0
        return cls(labelled, apart, "mae" if of_numbers else "accuracy", scale, settings.seed)

    def __call__(self, rows: pa.Table) -> LossEstimate:
        """Of a chunk's rows."""
        if rows.num_rows < LEAST:
            return LossEstimate(rows.num_rows, None, None, None, f"fewer than {LEAST} of its rows are kept")
        both = [n for n in self.reference.column_names if n in rows.column_names or n == self.roles.target]
        try:
            found = expected_metric(
                self.reference.select(both), rows, self.roles, ModelOptions(metric=self.metric), seed=self.seed
            )
        except BadInput as error:
            return LossEstimate(rows.num_rows, None, None, None, str(error))
        ends = (found.value, *found.interval)
        if self.metric == "accuracy":
            ends = (1 - ends[0], 1 - ends[2], 1 - ends[1])
        value, low, high = (float(e) / self.scale if np.isfinite(e) else None for e in ends)
        return LossEstimate(rows.num_rows, value, low, high, found.unknown or "")


def labelled(reference: pa.Table, roles: Roles) -> pa.Table:
    """The rows of a reference that have a label.

    Raises
    ------
    BadInput
        Fewer than a hundred, or none at all: the reference's labels are needed.
    """
    if roles.target not in reference.column_names:
        raise BadInput(f"estimate: the reference has no column {roles.target!r}; its labels are needed")
    found = reference.filter(pc.is_valid(reference[str(roles.target)]))
    if found.num_rows < LEAST:
        raise BadInput(f"estimate: the reference has {found.num_rows} labels; {LEAST} are needed")
    return found
