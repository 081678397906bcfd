"""Metrics of predictions, on rows whose labels are known, weighted, or known only as probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from ecotone.contracts import BadInput, Floats, Ints

_TINY = 1e-15  # probabilities are kept this far from zero in a logarithm


@dataclass(frozen=True)
class SoftSample:
    """Predictions with a mass for every possible label.

    Parameters
    ----------
    mass : (n, k) float64
        Weight of (row, label). One-hot rows are an ordinary labelled sample, rows of probabilities a sample whose
        labels are only known as probabilities, and negative entries a correction. Any total: metrics divide by it.
    predicted : (n,) int64
        Codes of the predicted classes.
    probability : (n, k) float64 or None
        The model's probabilities.
    positive : int
        Code of the positive class where there are two.
    """

    mass: Floats
    predicted: Ints
    probability: Floats | None = None
    positive: int = 1

    def weighted(self, weight: Floats) -> SoftSample:
        """The same rows, each with its mass times a weight."""
        return replace(self, mass=self.mass * weight[:, None])

    def __add__(self, other: SoftSample) -> SoftSample:
        """Both samples, one after the other."""
        probability = None
        if self.probability is not None and other.probability is not None:
            probability = np.concatenate([self.probability, other.probability])
        return SoftSample(
            np.concatenate([self.mass, other.mass]),
            np.concatenate([self.predicted, other.predicted]),
            probability,
            self.positive,
        )


def one_hot(codes: Ints, k: int) -> Floats:
    """(n, k) rows of zeros with a one at each code; a negative code gives a row of zeros."""
    hot = np.zeros((len(codes), k))
    seen = codes >= 0
    hot[np.flatnonzero(seen), codes[seen]] = 1.0
    return hot


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

    def of(self, sample: SoftSample) -> float:
        """The metric of a (soft) labelled sample."""
        if self.needs_probability and sample.probability is None:
            raise BadInput(f"metric {self.name!r} needs probabilities; give probability columns or another metric")
        if self.rows is not None:
            return float((sample.mass * self.rows(sample)).sum() / sample.mass.sum())
        if self.whole is None:
            raise BadInput(f"metric {self.name!r} is one of numbers; the target here is a class")
        return self.whole(sample)

    def of_numbers(self, y: Floats, predicted: Floats, weight: Floats | None = None) -> float:
        """The metric of predicted numbers."""
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


def _over_classes(s: SoftSample, each: Floats, present: Floats) -> float:
    """The positive class's value where there are two, else the mean over the classes that occur."""
    if len(each) == 2:
        return float(each[s.positive])
    return float(each[present > 0].mean()) if (present > 0).any() else 0.0


def _recall(s: SoftSample) -> float:
    c = _confusion(s)
    return _over_classes(s, _ratio(c.diagonal(), c.sum(axis=0)), c.sum(axis=0))


def _precision(s: SoftSample) -> float:
    c = _confusion(s)
    return _over_classes(s, _ratio(c.diagonal(), c.sum(axis=1)), c.sum(axis=0))


def _f1(s: SoftSample) -> float:
    c = _confusion(s)
    return _over_classes(s, _ratio(2 * c.diagonal(), c.sum(axis=0) + c.sum(axis=1)), c.sum(axis=0))


def _balanced_accuracy(s: SoftSample) -> float:
    c = _confusion(s)
    present = c.sum(axis=0) > 0
    return float(_ratio(c.diagonal(), c.sum(axis=0))[present].mean()) if present.any() else 0.0


def _roc_auc(s: SoftSample) -> float:
    """P(score of a positive > score of a negative), ties half; over many classes the mean of one against the rest."""
    assert s.probability is not None
    k = s.mass.shape[1]
    classes = [s.positive] if k == 2 else range(k)
    total = s.mass.sum(axis=1)
    areas = [_area(s.probability[:, c], s.mass[:, c], total - s.mass[:, c]) for c in classes]
    known = [a for a in areas if not np.isnan(a)]
    return float(np.mean(known)) if known else 0.5


def _area(score: Floats, positive: Floats, negative: Floats) -> float:
    n_pos, n_neg = positive.sum(), negative.sum()
    if n_pos <= 0 or n_neg <= 0:
        return float("nan")
    order = np.argsort(score, kind="stable")
    at = np.flatnonzero(np.diff(score[order], prepend=-np.inf))  # where each run of equal scores begins
    pos, neg = np.add.reduceat(positive[order], at), np.add.reduceat(negative[order], at)
    return float((pos * (np.cumsum(neg) - neg / 2)).sum() / (n_pos * n_neg))


def _r2(mean: Floats) -> float:
    variance = mean[2] - mean[1] ** 2
    return float(1 - mean[0] / variance) if variance > 0 else 0.0


_INF = float("inf")
#: Every metric by name. F1, precision and recall are the positive class's where there are two classes, else the mean
#: over classes; ``roc_auc`` likewise.
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
                moments=lambda y, p: (np.abs(y - p) / np.maximum(np.abs(y), np.finfo(float).eps))[:, None],
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
