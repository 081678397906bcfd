"""A model's metric group by group."""

from __future__ import annotations

import numpy as np

from ecotone.checkup.as_json import finite_ends
from ecotone.compare.estimate import Core, doubly_robust
from ecotone.contracts import BadInput, Ints

from ._class_names import keys
from ._measured import measured, scores
from ._metric_values import GroupMetric
from ._model_outputs import Outputs
from ._performance_limits import LEVEL

LEAST_IN_GROUP = 50  # accuracy of fewer has a standard error of seven points
MOST_GROUPS = 20


def by_group(core: Core, outputs: Outputs, groups: str, kept: Ints) -> tuple[GroupMetric, ...]:
    """The estimate in every group, with the fits of the whole tables."""
    for table, where in zip(outputs.tables, ("the reference", "current")):
        if groups not in table.column_names:
            raise BadInput(f"groups: column {groups!r} is not in {where}; name a column of both tables")
    here, there = (keys(table[groups]) for table in outputs.tables)
    here = here[kept]
    names, counts = np.unique([str(k) for k in there if k is not None], return_counts=True)
    found = []
    for name in names[np.argsort(-counts, kind="stable")][:MOST_GROUPS]:
        ref, cur = np.flatnonzero(here == name), np.flatnonzero(there == name)
        in_weights = int(np.isin(core.shared.rows, ref).sum())
        if min(in_weights, len(cur)) < LEAST_IN_GROUP:
            why = f"fewer than {LEAST_IN_GROUP} rows in one of the tables"
            found.append(GroupMetric(str(name), (len(ref), len(cur)), None, None, why))
        else:
            found.append(_group(core, str(name), ref, cur))
    return tuple(found)


def _group(core: Core, name: str, ref: Ints, cur: Ints) -> GroupMetric:
    part = core.data.take(ref, cur)
    core.shared.part(part, ref, cur)
    answer = doubly_robust(part, core.metric.name, level=LEVEL, seed=core.seed)
    known = bool(np.isfinite(answer.value))
    return GroupMetric(
        name=name,
        rows=(len(ref), len(cur)),
        estimate=answer.value if known else None,
        interval=finite_ends(answer.interval) if known else None,
        unknown=answer.unknown,
        reference=answer.details["reference"],
        actual=measured(scores(part, core.metric, "current"), LEVEL, core.seed) if len(part.labelled) else None,
    )
