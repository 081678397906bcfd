"""What could be done about a model, in numbers: which rows to defer, which to label, and what retraining brings."""

from __future__ import annotations

import numpy as np

from ecotone.checkup.as_json import finite
from ecotone.checkup.rows import places
from ecotone.compare.estimate import Core, retraining_gain
from ecotone.contracts import Floats, as_seed
from ecotone.data import Pair
from ecotone.decide.actions import deferral_curve, rows_to_label

from ._metric_values import LabelPlan
from ._model_actions import Deferral, DeferralPoint, Retraining, RetrainingPoint, RowsToLabel, RowToLabel

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)  # of the rows, that may be deferred
USUAL = 0.1  # deferred where no share brings the reference's accuracy back
MOST_DEFERRED = 200  # rows that are listed
MOST_LABELS = 1000
LEAST_LABELS = 50  # accuracy of fewer has a standard error of seven points
_LEVEL = 0.9


def actions(
    core: Core, pair: Pair, labels: LabelPlan | None, *, raised: bool
) -> tuple[Deferral | None, RowsToLabel | None, Retraining | None]:
    """Which rows to defer, which to label, and what retraining brings; None of what cannot be had.

    Parameters
    ----------
    core : Core
    pair : Pair
        Whose current rows are those of the core's predictions.
    labels : LabelPlan or None
        How many random labels settle the metric; None asks for none.
    raised : bool
        Whether the metric has become worse; retraining is weighed only then.
    """
    defer = _defer(core, pair) if core.data.p_current is not None else None
    label_rows = None if labels is None else _label_rows(core, pair, labels)
    return defer, label_rows, _retrain(core) if raised else None


def _retrain(core: Core) -> Retraining | None:
    if len(core.data.labelled) < LEAST_LABELS:
        return None
    gain = retraining_gain(core.data, core.metric.name, level=_LEVEL, seed=core.seed)
    if not np.isfinite(gain.value):
        return None
    curve = tuple(
        RetrainingPoint(
            point["labels"], finite(point["gain"]), (finite(point["interval"][0]), finite(point["interval"][1]))
        )
        for point in gain.details["curve"]
    )
    return Retraining(gain.value, gain.interval, gain.unknown, **{**gain.details, "curve": curve})


def _correct(core: Core) -> Floats:
    """(n_cur,) calibrated probability that the model is right."""
    q = core.shared.calibrated()[1]
    return np.clip(q[np.arange(len(q)), np.asarray(core.data.predicted_current, dtype=np.int64)], 0.0, 1.0)


def _defer(core: Core, pair: Pair) -> Deferral:
    """The smallest share whose deferral brings the accuracy of the rest back to the reference's, else a tenth."""
    data, correct = core.data, _correct(core)
    rows, right = data.labelled, None
    if data.y_current is not None and len(rows) >= LEAST_LABELS:  # labels say more than confidences do
        right = np.asarray(data.y_current[rows] == data.predicted_current[rows], dtype=np.float64)
    curve = deferral_curve(correct if right is None else correct[rows], right)
    after = [float(curve[int(share * len(curve))]) for share in SHARES]
    wanted = float((data.y_reference == data.predicted_reference).mean())
    at = next((i for i, value in enumerate(after) if value >= wanted), SHARES.index(USUAL))
    count = int(SHARES[at] * len(correct))
    least = np.argsort(correct, kind="stable")[:count]
    return Deferral(
        share=SHARES[at],
        rows=count,
        accuracy=float(curve[0]),
        accuracy_of_the_rest=after[at],
        reference=wanted,
        by="calibrated confidence" if right is None else "labels",
        curve=tuple(DeferralPoint(share, accuracy) for share, accuracy in zip(SHARES, after)),
        index=places(pair, least[:MOST_DEFERRED]),
    )


def _label_rows(core: Core, pair: Pair, labels: LabelPlan) -> RowsToLabel:
    """Unlabelled rows to label, in random order, each with the number of rows that it stands for."""
    left = np.setdiff1d(np.arange(len(core.data.x_current)), core.data.labelled)
    half, level = labels.half_width, labels.level
    if core.data.is_regression:
        size = int(min(MOST_LABELS, max(labels.rows, 1), len(left)))
        rows = as_seed(core.seed, 61).choice(left, size, replace=False)
        weight = np.full(size, len(left) / size)
        half *= float(np.sqrt(max(1.0, labels.rows / size)))
    else:
        correct = _correct(core)[left]
        plan = rows_to_label(correct, half_width=min(half, 0.49), level=level, seed=core.seed)
        while len(plan.rows) > MOST_LABELS and half < 0.25:
            half *= 1.02 * float(np.sqrt(len(plan.rows) / MOST_LABELS))
            plan = rows_to_label(correct, half_width=half, level=level, seed=core.seed)
        rows, weight, half = left[plan.rows], plan.weight, plan.half_width
    listed = tuple(
        RowToLabel(place.file, place.row, round(float(w), 4)) for place, w in zip(places(pair, rows), weight)
    )
    return RowsToLabel(len(listed), half, level, labels.of, listed)
