"""What the change does to a model: its metric now, with labels or without."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from ecotone.checkup.advice._actions import actions
from ecotone.compare.estimate import Predictions, doubly_robust
from ecotone.compare.estimate import _doubly_robust as robust
from ecotone.compare.estimate._compared import compared
from ecotone.compare.estimate._core import Core
from ecotone.data import ModelOptions, Pair, Roles

from ._class_probabilities import class_probabilities
from ._degradation_test import degradation_test
from ._measured import measured, powered, scores
from ._model_outputs import Outputs
from ._performance_groups import by_group
from ._performance_limits import LEVEL, bound, labels_needed, too_good, undefined_notes
from ._predict_with import predict_with

__all__ = ["Performance", "performance", "predict_with"]

LEAST_LABELS = 50  # labelled current rows from which on the test reads the labels alone


@dataclass(frozen=True)
class Performance:
    """What is known of a model's metric on the current rows; intervals are 90 %.

    Parameters
    ----------
    metric : str
    reference : dict
        ``value`` and ``interval`` on the reference rows; None where the metric is 0/0, and ``undefined`` says why.
    estimate, interval : float, (float, float)
        Doubly robust, without the current labels; None where the metric is 0/0, and ``unknown`` says why.
    assumption : str
    unknown : str or None
        Why the estimate should not be acted on.
    estimators : dict
        Every estimator's value.
    bound : dict or None
        Interval of the metric if the odds of being right are off by at most ``factor`` in every row.
    actual : dict or None
        Where current labels are there: ``value``, ``interval``, ``rows``, ``prediction_powered``.
    attribution : dict or None
        Where current labels are there: ``parts`` that sum to the change, their ``intervals``, ``blocks`` of columns.
    raised : bool
        Whether the global test passes its share of alpha.
    pvalue : float
        Of "performance has not become worse". Without labels it assumes that p(y|x) held.
    test : str
    groups : list of dict or None
    labels : dict or None
        How many random labels give an interval of what half-width; None where every row is labelled, and where the
        metric is undefined on the reference.
    warning : str or None
        Signs that the reference rows trained the model. Never an alarm.
    notes : tuple of str
    """

    metric: str
    reference: dict[str, Any]
    estimate: float | None
    interval: tuple[float, float] | None
    assumption: str
    unknown: str | None
    estimators: dict[str, float]
    bound: dict[str, Any] | None
    actual: dict[str, Any] | None
    attribution: dict[str, Any] | None
    raised: bool
    pvalue: float
    test: str
    groups: list[dict[str, Any]] | None
    labels: dict[str, Any] | None
    warning: str | None
    notes: tuple[str, ...] = ()
    greater_is_better: bool = True
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value
            for name in self.__dataclass_fields__
        }


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
    found = doubly_robust(data, core.metric.name, level=LEVEL, seed=seed)
    known, unknown = bool(np.isfinite(found.value)), found.unknown
    reference = measured(scores(data, core.metric, "reference"), LEVEL, seed)
    actual = attribution = None
    if len(data.labelled):
        actual = measured(scores(data, core.metric, "current"), LEVEL, seed)
        both = actual["value"] is not None and reference["value"] is not None
        actual["prediction_powered"] = powered(core, LEVEL) if both else None
    pvalue, test = _test(core, seed)
    if min(len(data.labelled), len(data.x_reference)) >= LEAST_LABELS:
        from ._attribution import attribute

        attribution = attribute(core, outputs.read.used, LEVEL)
    raised = bool(pvalue <= alpha and (unknown is None or len(data.labelled) >= LEAST_LABELS))
    labels = labels_needed(core)
    return Performance(
        metric=core.metric.name,
        reference=reference,
        estimate=found.value if known else None,
        interval=found.interval if known and np.isfinite(found.interval).any() else None,
        assumption=found.assumption,
        unknown=unknown,
        estimators={name: value for name, value in compared(core).items() if np.isfinite(value)},
        bound=bound(core),
        actual=actual,
        attribution=attribution,
        raised=raised,
        pvalue=pvalue,
        test=test,
        groups=None if roles.groups is None else by_group(core, outputs, roles.groups, kept),
        labels=labels,
        warning=too_good(core),
        notes=(*outputs.notes, *undefined_notes(core, reference, actual)),
        greater_is_better=core.metric.greater_is_better,
        details={
            "effective": core.shared.effective,
            "classes": list(data.classes),
            "positive": _positive(data),
            "columns": outputs.read.to_dict(),
            **actions(core, pair, labels, raised=raised),
            **class_probabilities(core),
        },
    )


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
