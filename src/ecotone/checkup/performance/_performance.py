"""What the change does to a model: its metric now, with labels or without."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import stats

from ecotone.checkup.as_json import finite, finite_ends
from ecotone.compare.estimate import Core, Predictions, doubly_robust
from ecotone.compare.estimate import _doubly_robust as robust
from ecotone.compare.estimate._compared import compared
from ecotone.contracts import Estimate, Ints
from ecotone.data import ModelOptions, Pair, Roles

from ._actions import actions
from ._attribution import attribute
from ._attribution_parts import Attribution
from ._class_probabilities import class_probabilities
from ._degradation_test import degradation_test
from ._details import ClassDetails, Details
from ._measured import measured, measured_now, scores
from ._metric_values import Ends, LabelPlan
from ._model_outputs import Outputs
from ._performance_groups import by_group
from ._performance_limits import LEVEL, bound, labels_needed, too_good, undefined_notes
from ._performance_result import Performance

LEAST_LABELS = 50  # labelled current rows from which on the test reads the labels alone


def performance(
    pair: Pair,
    *,
    frames: tuple[pa.Table, pa.Table],
    roles: Roles,
    model: ModelOptions,
    alpha: float = 0.005,
    seed: int = 0,
) -> Performance:
    r"""A model's metric on the current rows, and whether it became worse.

    *Without labels* the doubly robust estimate, under the stated assumption that p(y|x) held; ``raised`` if

    .. math:: (1 - a)\,|\hat M - M_{ref}| - b\,\mathrm{range} > z_{\alpha}\,se

    in the bad direction. The 90 % interval was fitted to cover on simulated shifts of many kinds
    (``benchmarks/accuracy``): the accuracy of two classes and of four, and the mean absolute error of a regression. It
    covers less where the shift follows what nobody can predict and the model sees only in part. For other means over
    rows (Brier, log loss, mse) the same formula holds and coverage was not measured; for F1, precision, recall,
    balanced accuracy, AUC, rmse, r2 and mape the estimate is consistent and the interval by bootstrap or linearisation.
    A change of p(y|x) can not be seen, and is never claimed to be. Where both distributions are equal, P(raised) <=
    alpha if the estimate's error is normal.

    *With at least 50 current labels*, all or a random sample, the two-sample test of the scores, by unit.

    Parameters
    ----------
    pair : Pair
        Features, units, and which rows of the frames take part.
    frames : (Table, Table)
        Reference and current as they were read.
    roles : Roles
        The target, which ``current`` may lack (or some of its values); the columns of the model's output, where these
        stand in for it; groups by which the estimate is given apart.
    model : ModelOptions
        Estimates, weights, attribution and retraining rest on its features; where they are unknown, on every column
        but those that nearly determine the target.
    alpha : float
        Of the test.
    seed : int

    Raises
    ------
    BadInput
        For a model that wants other columns or raises, probabilities that do not sum to one, a target that the
        reference lacks, and metrics that do not fit.
    """
    outputs = Outputs(pair, frames, roles, model, seed=seed)
    data, kept = outputs.predictions()
    core = Core.of(data, model.metric or ("mae" if data.is_regression else "accuracy"), seed)
    return _answers(core, outputs, kept, pair, groups=roles.groups, alpha=alpha)


def _answers(core: Core, outputs: Outputs, kept: Ints, pair: Pair, *, groups: str | None, alpha: float) -> Performance:
    data = core.data
    found = doubly_robust(data, core.metric.name, level=LEVEL, seed=core.seed)
    reference = measured(scores(data, core.metric, "reference"), LEVEL, core.seed)
    actual = measured_now(core, reference, LEVEL)
    pvalue, test = _test(core, core.seed)
    attribution = _attribution(core, outputs)
    raised = bool(pvalue <= alpha and (found.unknown is None or len(data.labelled) >= LEAST_LABELS))
    labels = labels_needed(core)
    return Performance(
        metric=core.metric.name,
        reference=reference,
        estimate=finite(found.value),
        interval=_interval(found),
        assumption=found.assumption,
        unknown=found.unknown,
        estimators={name: value for name, value in compared(core).items() if np.isfinite(value)},
        bound=bound(core),
        actual=actual,
        attribution=attribution,
        raised=raised,
        pvalue=pvalue,
        test=test,
        groups=None if groups is None else by_group(core, outputs, groups, kept),
        labels=labels,
        warning=too_good(core),
        notes=(*outputs.notes, *undefined_notes(core, reference, actual)),
        greater_is_better=core.metric.greater_is_better,
        details=_details(core, outputs, pair, labels, raised=raised),
    )


def _interval(found: Estimate) -> Ends | None:
    """None where there is no value, or neither end is known."""
    known = np.isfinite(found.value) and np.isfinite(found.interval).any()
    return finite_ends(found.interval) if known else None


def _attribution(core: Core, outputs: Outputs) -> Attribution | None:
    if min(len(core.data.labelled), len(core.data.x_reference)) < LEAST_LABELS:
        return None
    return attribute(core, outputs.read.used, LEVEL)


def _details(core: Core, outputs: Outputs, pair: Pair, labels: LabelPlan | None, *, raised: bool) -> Details:
    data = core.data
    defer, label_rows, retrain = actions(core, pair, labels, raised=raised)
    found = Details(
        effective=finite(core.shared.effective),
        classes=tuple(data.classes),
        positive=_positive(data),
        columns=outputs.read,
        defer=defer,
        label_rows=label_rows,
        retrain=retrain,
    )
    if data.is_regression:
        return found
    calibration, shares = class_probabilities(core)
    return ClassDetails(**vars(found), calibration=calibration, label_shift=shares)


def _positive(data: Predictions) -> str | None:
    return data.classes[data.positive] if len(data.classes) == 2 else None


def _test(core: Core, seed: int) -> tuple[float, str]:
    """p-value of "performance has not become worse", and the test."""
    data, metric = core.data, core.metric
    if len(data.labelled) >= LEAST_LABELS:
        pvalue, how = degradation_test(scores(data, metric, "reference"), scores(data, metric, "current"), seed)
        return max(pvalue, 1e-300), f"labels: {how}"
    value = robust.DOUBLY_ROBUST.value(core)
    worse = (core.reference - value) * (1 if metric.greater_is_better else -1)
    if np.isnan(worse):
        return 1.0, "none: the metric is undefined"
    left_open = robust.open_ends(core, value)[1 if metric.greater_is_better else 0]
    sure = (1 - robust.reach(core)) * worse - robust.B * robust.disagreement(core) - left_open
    error = robust.errors_of(core).of_drop
    if not (sure > 0 and error > 0):
        return 1.0, "no labels: the drop does not exceed what the estimators leave open"
    return max(float(stats.norm.sf(sure / error)), 1e-300), "no labels: the interval against the reference"
