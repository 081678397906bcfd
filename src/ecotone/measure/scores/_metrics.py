"""Metrics of predictions, on rows whose labels are known, weighted, or known only as probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from ecotone.contracts import BadInput, Floats

from ._soft_sample import SoftSample, one_hot
from ._undefined import constant, undefined_of_classes, undefined_of_numbers

_NAN = float("nan")
_TINY = 1e-15  # probabilities are kept this far from zero in a logarithm


@dataclass(frozen=True)
class Metric:
    """A metric, the direction that is better, and whether it is the mean of one number per row.

    ``rows`` gives that number: for classes, (n, k), what the row scores if its label were each class; for numbers,
    (n, m) moments of (y, prediction), whose means ``combine`` turns into the metric.
    """

    name: str
    task: Literal["classification", "regression"]
    greater_is_better: bool
    bounds: tuple[float, float]
    needs_probability: bool = False
    rows: Callable[[SoftSample], Floats] | None = None
    whole: Callable[[SoftSample], float] | None = None
    moments: Callable[[Floats, Floats], Floats] | None = None
    combine: Callable[[Floats], float] | None = None

    @property
    def row_mean(self) -> bool:
        """Whether the metric is the mean of one number per row."""
        return self.rows is not None or (self.moments is not None and self.combine is _first)

    def undefined(self, sample: SoftSample) -> str | None:
        """Why the metric of this sample is 0/0, or None where it has a value."""
        return undefined_of_classes(self.name, sample)

    def undefined_numbers(self, y: Floats, weight: Floats | None = None) -> str | None:
        """Why the metric of predicted numbers is undefined for these targets, or None where it has a value."""
        return undefined_of_numbers(self.name, y, weight)

    def of(self, sample: SoftSample) -> float:
        """The metric of a (soft) labelled sample; NaN where it is 0/0."""
        if self.needs_probability and sample.probability is None:
            raise BadInput(f"metric {self.name!r} needs probabilities; give probability columns or another metric")
        if self.rows is not None:
            total = float(sample.mass.sum())
            return float((sample.mass * self.rows(sample)).sum()) / total if total > 0 else _NAN
        if self.whole is None:
            raise BadInput(f"metric {self.name!r} is one of numbers; the target here is a class")
        return self.whole(sample)

    def of_numbers(self, y: Floats, predicted: Floats, weight: Floats | None = None) -> float:
        """The metric of predicted numbers; NaN where it is undefined."""
        if self.undefined_numbers(y, weight) is not None:
            return _NAN
        return self.of_moments(np.average(self.moments_of(y, predicted), axis=0, weights=weight))

    def moments_of(self, y: Floats, predicted: Floats) -> Floats:
        """(n, m) what each row adds to the means that the metric is made of."""
        if self.moments is None:
            raise BadInput(f"metric {self.name!r} is one of classes; the target here is a number")
        return self.moments(y, predicted)

    def of_moments(self, mean: Floats) -> float:
        """The metric from the means of its moments."""
        assert self.combine is not None
        return float(self.combine(mean))

    def clip(self, value: float) -> float:
        """The nearest value that the metric can take."""
        return float(np.clip(value, *self.bounds))


def _first(mean: Floats) -> float:
    return float(mean[0])


def _correct(s: SoftSample) -> Floats:
    return one_hot(s.predicted, s.mass.shape[1])


def _log_loss(s: SoftSample) -> Floats:
    assert s.probability is not None
    return -np.log(np.clip(s.probability, _TINY, 1.0))


def _brier(s: SoftSample) -> Floats:
    """Squared distance to the one-hot label, over all classes, halved where there are two (Brier's binary score)."""
    assert s.probability is not None
    square = (s.probability**2).sum(axis=1, keepdims=True) - 2 * s.probability + 1
    return np.asarray(square / 2 if s.mass.shape[1] == 2 else square)


def _confusion(s: SoftSample) -> Floats:
    """(k, k) mass of (predicted, label); negative sums, which corrections can leave, become zero."""
    k = s.mass.shape[1]
    cells = np.column_stack([np.bincount(s.predicted, s.mass[:, j], minlength=k)[:k] for j in range(k)])
    return np.clip(cells, 0.0, None)


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.divide(a, b, out=np.zeros_like(a), where=b > 0))


def _over_classes(s: SoftSample, above: Floats, below: Floats, present: Floats) -> float:
    """The positive class's ratio where there are two, else the mean over the classes that occur; 0/0 of one is 0."""
    if len(above) == 2:
        return float(above[s.positive] / below[s.positive]) if below[s.positive] > 0 else _NAN
    return float(_ratio(above, below)[present > 0].mean()) if (present > 0).any() else _NAN


def _recall(s: SoftSample) -> float:
    c = _confusion(s)
    return _over_classes(s, c.diagonal(), c.sum(axis=0), c.sum(axis=0))


def _precision(s: SoftSample) -> float:
    c = _confusion(s)
    return _over_classes(s, c.diagonal(), c.sum(axis=1), c.sum(axis=0))


def _f1(s: SoftSample) -> float:
    c = _confusion(s)
    if len(c) == 2 and not c[:, s.positive].any():
        return _NAN  # without positives it is 0 whatever the model says, or 0/0
    return _over_classes(s, 2 * c.diagonal(), c.sum(axis=0) + c.sum(axis=1), c.sum(axis=0))


def _balanced_accuracy(s: SoftSample) -> float:
    c = _confusion(s)
    present = c.sum(axis=0) > 0
    return float(_ratio(c.diagonal(), c.sum(axis=0))[present].mean()) if present.sum() > 1 else _NAN


def _roc_auc(s: SoftSample) -> float:
    """P(score of a positive > score of a negative), ties half; over many classes the mean of one against the rest."""
    assert s.probability is not None
    k = s.mass.shape[1]
    classes = [s.positive] if k == 2 else range(k)
    total = s.mass.sum(axis=1)
    areas = [_area(s.probability[:, c], s.mass[:, c], total - s.mass[:, c]) for c in classes]
    known = [a for a in areas if not np.isnan(a)]
    return float(np.mean(known)) if known else _NAN


def _area(score: Floats, positive: Floats, negative: Floats) -> float:
    n_pos, n_neg = positive.sum(), negative.sum()
    if n_pos <= 0 or n_neg <= 0:
        return float("nan")
    order = np.argsort(score, kind="stable")
    at = np.flatnonzero(np.diff(score[order], prepend=-np.inf))  # where each run of equal scores begins
    pos, neg = np.add.reduceat(positive[order], at), np.add.reduceat(negative[order], at)
    return float((pos * (np.cumsum(neg) - neg / 2)).sum() / (n_pos * n_neg))


def _r2(mean: Floats) -> float:
    return _NAN if constant(mean[1], mean[2]) else float(1 - mean[0] / (mean[2] - mean[1] ** 2))


def _mape(y: Floats, p: Floats) -> Floats:
    return np.asarray(np.divide(np.abs(y - p), np.abs(y), out=np.full(len(y), _NAN), where=y != 0)[:, None])


_INF = float("inf")
#: Every metric by name. F1, precision and recall are the positive class's where there are two classes, else the mean
#: over classes; ``roc_auc`` likewise. All are NaN where they are 0/0: without rows; recall and F1 without positives,
#: precision where none is predicted; ``roc_auc`` and ``balanced_accuracy`` with one class; ``r2`` of a constant target;
#: ``mape`` with a target of 0.
METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric("accuracy", "classification", True, (0, 1), rows=_correct),
            Metric("balanced_accuracy", "classification", True, (0, 1), whole=_balanced_accuracy),
            Metric("f1", "classification", True, (0, 1), whole=_f1),
            Metric("precision", "classification", True, (0, 1), whole=_precision),
            Metric("recall", "classification", True, (0, 1), whole=_recall),
            Metric("roc_auc", "classification", True, (0, 1), True, whole=_roc_auc),
            Metric("log_loss", "classification", False, (0, _INF), True, rows=_log_loss),
            Metric("brier", "classification", False, (0, 2), True, rows=_brier),
            Metric("mae", "regression", False, (0, _INF), moments=lambda y, p: np.abs(y - p)[:, None], combine=_first),
            Metric("mse", "regression", False, (0, _INF), moments=lambda y, p: ((y - p) ** 2)[:, None], combine=_first),
            Metric(
                "rmse",
                "regression",
                False,
                (0, _INF),
                moments=lambda y, p: ((y - p) ** 2)[:, None],
                combine=lambda mean: float(np.sqrt(max(mean[0], 0.0))),
            ),
            Metric(
                "r2",
                "regression",
                True,
                (-_INF, 1),
                moments=lambda y, p: np.column_stack([(y - p) ** 2, y, y * y]),
                combine=_r2,
            ),
            Metric(
                "mape",
                "regression",
                False,
                (0, _INF),
                moments=_mape,
                combine=_first,
            ),
        )
    }
)


def metric_named(name: str) -> Metric:
    """The metric of that name.

    Raises
    ------
    BadInput
        For an unknown name; lists those there are.

    Examples
    --------
    >>> import numpy as np
    >>> sample = SoftSample(np.eye(2)[[0, 1, 1]], np.array([0, 1, 0]))
    >>> round(metric_named("accuracy").of(sample), 3), round(metric_named("f1").of(sample), 3)
    (0.667, 0.667)
    """
    if name not in METRICS:
        raise BadInput(f"metric {name!r} is not known; use one of {', '.join(METRICS)}")
    return METRICS[name]
