"""What an estimate without labels leaves open, and what labels would settle."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ecotone.compare.estimate import Core
from ecotone.compare.estimate._doubly_robust import DOUBLY_ROBUST
from ecotone.contracts import Floats, Ints

from ._metric_values import Bound, LabelPlan, Measured

LEVEL = 0.9
FACTOR = 2.0  # of the odds of being right, in the bound for what cannot be seen
HALF_WIDTH = 0.02  # of the interval that labels should settle


def bound(core: Core) -> Bound | None:
    """Accuracy if the odds of being right are off by at most a factor, row by row."""
    if core.metric.name != "accuracy":
        return None
    right = right_on_current(core)
    ends = [float((right * g / (right * g + 1 - right)).mean()) for g in (1 / FACTOR, FACTOR)]
    return Bound(FACTOR, (ends[0], ends[1]))


def right_on_current(core: Core) -> Floats:
    q = core.shared.conditional()[1]
    return np.asarray(q[np.arange(len(q)), np.asarray(core.data.predicted_current, dtype=np.int64)])


def labels_needed(core: Core) -> LabelPlan | None:
    """How many random labels settle the metric, at most those that are not there yet; None where there is no such plan.

    ``half_width`` is that of the interval which so many labels give.
    """
    left = len(core.data.x_current) - len(core.data.labelled)
    if not left or core.data.undefined(core.metric, "reference"):
        return None
    z = float(stats.norm.isf((1 - LEVEL) / 2))
    if core.data.is_regression:
        truth = core.moments[0][:, 0]
        mean, sd = float(truth.mean()), float(truth.std())
        half = 0.1 * mean
        need = (z * sd / half) ** 2 if half > 0 else 1.0
        of = "mean of the loss" if core.metric.row_mean else "mean squared error"
    else:
        known = core.metric.name == "accuracy"
        value = DOUBLY_ROBUST.value(core) if known else float(right_on_current(core).mean())
        half, of = HALF_WIDTH, "accuracy"
        need = (z / half) ** 2 * max(value * (1 - value), 0.01)
    rows = int(np.clip(np.ceil(need), 1, left))
    half *= float(np.sqrt(max(1.0, need / rows)))
    return LabelPlan(rows, half, of, LEVEL)


def too_good(core: Core) -> str | None:
    """Signs that the reference rows trained the model."""
    data = core.data
    end = "reference rows must not have trained the model: every estimate here would be too good"
    if data.is_regression:
        gap, y = data.y_reference - data.predicted_reference, data.y_reference
        if len(y) >= 30 and y.var() > 0 and gap.var() < 1e-4 * y.var():
            return f"the predictions explain {1 - gap.var() / y.var():.3%} of the reference target; {end}"
        return None
    right = (data.y_reference == data.predicted_reference).astype(np.float64)
    if len(right) >= 100 and right.mean() >= 0.999:
        return f"the model is right on {right.mean():.2%} of the reference rows; {end}"
    if data.p_reference is None:
        return None
    said = data.p_reference[np.arange(len(right)), np.asarray(data.predicted_reference, dtype=np.int64)]
    gap = right - said
    if right.mean() >= 0.95 and gap.mean() > 0.02 + 4 * gap.std() / np.sqrt(len(gap)):
        return (
            f"the model is right on {right.mean():.1%} of the reference rows and says {said.mean():.1%} itself, as "
            f"models do on the rows that trained them; {end}"
        )
    return None


def undefined_notes(core: Core, reference: Measured, actual: Measured | None) -> list[str]:
    """Where the metric has no value, and where it leaves out a class."""
    metric, found = core.metric, []
    for side, where in ((reference, "the reference"), (actual, "the labelled current rows")):
        if side is not None and side.value is None:
            found.append(f"{metric.name} is undefined on {where}: {side.undefined}; no alarm rests on it")
    if metric.task == "regression" or metric.row_mean or len(core.data.classes) == 2 or actual is None:
        return found
    before, now = (set(core.data.y_reference.tolist()), set(_labels_now(core).tolist()))
    gone = [core.data.classes[int(c)] for c in sorted(before - now)]
    if gone:
        more = " …" if len(gone) > 4 else ""
        found.append(
            f"{metric.name} is a mean over the classes that occur, and the labelled current rows lack "
            f"{', '.join(map(repr, gone[:4]))}{more}: its two values are of other classes"
        )
    return found


def _labels_now(core: Core) -> Ints:
    assert core.data.y_current is not None
    return np.asarray(core.data.y_current[core.data.labelled], dtype=np.int64)
