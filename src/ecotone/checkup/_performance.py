"""What the change does to a model: its metric now, with labels or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from ecotone.compare.estimate import Predictions, doubly_robust
from ecotone.compare.estimate import _core as core_of
from ecotone.compare.estimate._core import Core
from ecotone.contracts import Floats, Ints
from ecotone.data import Pair

from ._actions import actions
from ._class_probabilities import class_probabilities
from ._measured import got_worse, measured, powered, scores
from ._model_outputs import Outputs, _keys, predict_with

__all__ = ["Performance", "performance", "predict_with"]

LEVEL = 0.9
FACTOR = 2.0  # of the odds of being right, in the bound for what cannot be seen
HALF_WIDTH = 0.02  # of the interval that labels should settle
LEAST_LABELS = 50  # labelled current rows from which on the test reads the labels alone
LEAST_IN_GROUP = 50
MOST_GROUPS = 20
MOST_OUTSIDE = 0.05


@dataclass(frozen=True)
class Performance:
    """What is known of a model's metric on the current rows; intervals are 90 %.

    Parameters
    ----------
    metric : str
    reference : dict
        ``value`` and ``interval`` on the reference rows.
    estimate, interval : float, (float, float)
        Doubly robust, without the current labels.
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
    labels : dict
        How many random labels give an interval of what half-width.
    warning : str or None
        Signs that the reference rows trained the model. Never an alarm.
    notes : tuple of str
    """

    metric: str
    reference: dict[str, Any]
    estimate: float
    interval: tuple[float, float]
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
    labels: dict[str, Any]
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
    model: Any = None,
    prediction: str | None = None,
    probability: str | Sequence[str] | None = None,
    target: str | None = None,
    metric: str | None = None,
    positive: str | None = None,
    groups: str | None = None,
    alpha: float = 0.005,
    outside_share: float | None = None,
    seed: int = 0,
) -> Performance:
    r"""A model's metric on the current rows, and whether it became worse.

    *Without labels* the doubly robust estimate, under the stated assumption that p(y|x) held; ``raised`` if

    .. math:: (1 - a)\,|\hat M - M_{ref}| - b\,\mathrm{range} > z_{\alpha}\,se

    in the bad direction. Promised, and measured on simulated shifts: 90 % intervals for means over rows (accuracy,
    Brier, log loss; mae, mse) of two or many classes; for F1, precision, recall, balanced accuracy, AUC, rmse, r2 and
    mape the estimate is consistent and the interval by bootstrap or linearisation. A change of p(y|x) can not be seen,
    and is never claimed to be. Where both laws are equal, P(raised) <= alpha.

    *With at least 50 current labels*, all or a random sample, the two-sample test of the scores, by unit.

    Parameters
    ----------
    pair : Pair
        Features, units, and which rows of the frames take part.
    frames : (Table, Table)
        Reference and current as they were read.
    model : object with ``predict``, optional
    prediction, probability : names of columns, optional
    target : str
        Column of labels; ``current`` may lack it, or some of its values.
    metric : str, optional
        ``accuracy`` by default for classes, ``mae`` for numbers.
    positive : str, optional
        The positive class of two; by default "1", or the last in order.
    groups : str, optional
        Column by whose values the estimate is given apart.
    alpha : float
        Of the test.
    outside_share : float, optional
        Share of the current rows outside the reference; above 5 % the metric is unknown.
    seed : int

    Raises
    ------
    BadInput
        For a model that wants other columns or raises, probabilities that do not sum to one, a target that the
        reference lacks, and metrics that do not fit.
    """
    outputs = Outputs(
        pair, frames, model=model, prediction=prediction, probability=probability, target=target, metric=metric,
        positive=positive,
    )  # fmt: skip
    data, kept = outputs.predictions()
    core = Core.of(data, metric or ("mae" if data.is_regression else "accuracy"), seed)
    found = doubly_robust(data, core.metric.name, level=LEVEL, seed=seed)
    unknown = _outside(outside_share) or found.unknown
    actual = attribution = None
    if len(data.labelled):
        actual = {
            **measured(scores(data, core.metric, "current"), LEVEL, seed),
            "prediction_powered": powered(core, LEVEL),
        }
    pvalue, test = _test(core, seed)
    if min(len(data.labelled), len(data.x_reference)) >= LEAST_LABELS:
        from ._attribution import attribute

        attribution = attribute(core, [c.name for c in pair.reference if c.kind in _TREE_KINDS], LEVEL)
    raised = bool(pvalue <= alpha and (unknown is None or len(data.labelled) >= LEAST_LABELS))
    labels = _labels(core)
    return Performance(
        metric=core.metric.name,
        reference=measured(scores(data, core.metric, "reference"), LEVEL, seed),
        estimate=found.value,
        interval=found.interval,
        assumption=found.assumption,
        unknown=unknown,
        estimators=dict(core.values),
        bound=_bound(core),
        actual=actual,
        attribution=attribution,
        raised=raised,
        pvalue=pvalue,
        test=test,
        groups=None if groups is None else _by_group(core, outputs, groups, kept),
        labels=labels,
        warning=_too_good(core),
        notes=tuple(outputs.notes),
        greater_is_better=core.metric.greater_is_better,
        details={
            "effective": core.shared.effective,
            "classes": list(data.classes),
            "positive": _positive(data),
            **actions(core, pair, labels, raised=raised),
            **class_probabilities(core),
        },
    )


_TREE_KINDS = ("numeric", "count", "category", "boolean")


def _positive(data: Predictions) -> str | None:
    return data.classes[data.positive] if len(data.classes) == 2 else None


def _outside(share: float | None) -> str | None:
    if share is None or share <= MOST_OUTSIDE:
        return None
    return (
        f"{share:.1%} of the current rows lie outside the reference (above {MOST_OUTSIDE:.0%} nothing is said of "
        "them): label current rows"
    )


def _test(core: Core, seed: int) -> tuple[float, str]:
    """p-value of "performance has not become worse", and the test."""
    data, metric = core.data, core.metric
    if len(data.labelled) >= LEAST_LABELS:
        pvalue, how = got_worse(scores(data, metric, "reference"), scores(data, metric, "current"), seed)
        return max(pvalue, 1e-300), f"labels: {how}"
    worse = (core.reference - core.values["doubly_robust"]) * (1 if metric.greater_is_better else -1)
    sure = (1 - core_of.A) * worse - core_of.B * core.disagreement
    error = core.standard_error_of_drop
    if sure <= 0 or error <= 0:
        return 1.0, "no labels: the drop does not exceed what the estimators leave open"
    return max(float(stats.norm.sf(sure / error)), 1e-300), "no labels: the interval against the reference"


def _bound(core: Core) -> dict[str, Any] | None:
    """Accuracy if the odds of being right are off by at most a factor, row by row."""
    if core.metric.name != "accuracy":
        return None
    right = _right(core)
    ends = [float((right * g / (right * g + 1 - right)).mean()) for g in (1 / FACTOR, FACTOR)]
    return {"factor": FACTOR, "interval": (ends[0], ends[1])}


def _right(core: Core) -> Floats:
    q = core.shared.calibrated()[1]
    return np.asarray(q[np.arange(len(q)), np.asarray(core.data.predicted_current, dtype=np.int64)])


def _labels(core: Core) -> dict[str, Any]:
    """How many random labels settle the metric."""
    z = float(stats.norm.isf((1 - LEVEL) / 2))
    if core.data.is_regression:
        truth = core.moments[0][:, 0]
        mean, sd = float(truth.mean()), float(truth.std())
        half = 0.1 * mean
        need = (z * sd / half) ** 2 if half > 0 else 1.0
        what = "mean of the loss" if core.metric.row_mean else "mean squared error"
        return {"rows": int(np.ceil(need)), "half_width": half, "of": what, "level": LEVEL}
    value = core.value("doubly_robust") if core.metric.name == "accuracy" else float(_right(core).mean())
    need = (z / HALF_WIDTH) ** 2 * max(value * (1 - value), 0.01)
    return {"rows": int(np.ceil(need)), "half_width": HALF_WIDTH, "of": "accuracy", "level": LEVEL}


def _too_good(core: Core) -> str | None:
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


def _by_group(core: Core, outputs: Outputs, groups: str, kept: Ints) -> list[dict[str, Any]]:
    """The estimate in every group, with the fits of the whole tables."""
    for table, where in zip(outputs.tables, ("the reference", "current")):
        if groups not in table.column_names:
            from ecotone.contracts import BadInput

            raise BadInput(f"groups: column {groups!r} is not in {where}; name a column of both tables")
    here, there = (_keys(table[groups]) for table in outputs.tables)
    here = here[kept]
    names, counts = np.unique([str(k) for k in there if k is not None], return_counts=True)
    found = []
    for name in names[np.argsort(-counts, kind="stable")][:MOST_GROUPS]:
        ref, cur = np.flatnonzero(here == name), np.flatnonzero(there == name)
        entry: dict[str, Any] = {"name": str(name), "rows": [len(ref), len(cur)], "estimate": None, "interval": None}
        in_weights = int(np.isin(core.shared.rows, ref).sum())
        if min(in_weights, len(cur)) < LEAST_IN_GROUP:
            entry["unknown"] = f"fewer than {LEAST_IN_GROUP} rows in one of the tables"
        else:
            part = core.data.take(ref, cur)
            core.shared.part(part, ref, cur)
            answer = doubly_robust(part, core.metric.name, level=LEVEL, seed=core.seed)
            entry |= {"estimate": answer.value, "interval": answer.interval, "unknown": answer.unknown,
                      "reference": answer.details["reference"]}  # fmt: skip
            if len(part.labelled):
                entry["actual"] = measured(scores(part, core.metric, "current"), LEVEL, core.seed)
        found.append(entry)
    return found
