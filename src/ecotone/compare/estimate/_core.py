"""Values and intervals that the estimators share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from ecotone.contracts import BadInput, Floats, Ints
from ecotone.measure.ratios import MLLS
from ecotone.measure.scores import Metric, SoftSample, metric_named

from ._errors import standard_errors
from ._nuisance import Nuisance, nuisance
from ._predictions import Predictions

#: The doubly robust interval is value -+ (z se + B range), and reaches A |value - reference| further on the side away
#: from the reference: learners that were held back see too little of a change, not too much. Fitted on simulated
#: shifts by ``benchmarks/accuracy/fit_constants.py``.
A, B = 0.3, 0.0
#: In the place of A where there are more than two classes: their estimates are held back more. Chosen so that 94 % of
#: the 36 four-class replicates of ``fit_constants.py`` and ``coverage.py`` are covered, so that figure is in-sample.
A_MANY = 0.8
_SOFT = ("cbpe", "pape", "label_shift", "importance_weighted", "doubly_robust")  # that stand for a soft sample
#: The standard error is stretched by this in the doubly robust interval: it leaves out what the fits themselves add.
#: Chosen on the smooth shifts of ``benchmarks/accuracy/support.py`` with seeds below 60, where it covered 95 % (of 59).
STRETCH = 1.2
_OF_REGRESSIONS = ("dle", "importance_weighted", "doubly_robust")


@dataclass(frozen=True)
class Core:
    """One metric of one set of predictions: every estimator's value, and the errors around them."""

    data: Predictions
    metric: Metric
    seed: int

    @classmethod
    def of(cls, predictions: Predictions, metric: str | Metric, seed: int) -> Core:
        """The core of these arguments, made once."""
        metric = metric_named(metric) if isinstance(metric, str) else metric
        predictions.check(metric)
        found: Core = predictions.cache.setdefault(("core", metric.name, seed), cls(predictions, metric, seed))
        return found

    @property
    def shared(self) -> Nuisance:
        return nuisance(self.data, self.seed)

    @cached_property
    def reference(self) -> float:
        return self.data.reference_value(self.metric)

    def undefined(self, name: str) -> str | None:
        """Why an estimator's value is 0/0, or None where it has one."""
        if (why := self.data.undefined(self.metric, "reference")) is not None:
            return f"{self.metric.name} is undefined on the reference: {why}"
        if np.isfinite(self.value(name)):
            return None
        if self._nobody:
            return "precision is undefined on the current rows: the model predicts the positive class for none of them"
        why = None if self.data.is_regression or name not in _SOFT else self.metric.undefined(self.soft(name))
        return f"{self.metric.name} is undefined on the current rows: {why or 'it is 0/0'}"

    @cached_property
    def _nobody(self) -> bool:
        """Whether precision is asked for and no current row is predicted positive; no label could give it a value."""
        d = self.data
        return self.metric.name == "precision" and len(d.classes) == 2 and not (d.predicted_current == d.positive).any()

    # ------------------------------------------------------------------ values
    @cached_property
    def values(self) -> dict[str, float]:
        """What the estimators say."""
        names: tuple[str, ...] = _OF_REGRESSIONS
        if not self.data.is_regression:
            names = ("cbpe", "pape", "importance_weighted", "doubly_robust")
            names += ("doc",) if self.data.p_reference is not None else ()
        return {name: self.value(name) for name in names}

    def value(self, name: str) -> float:
        """One estimator's value, in the metric's range; NaN where the metric is 0/0, on the reference too."""
        if np.isnan(self.reference) or self._nobody:
            return float("nan")
        if name == "doc":
            own = [self.metric.of(self.data.sample(s, getattr(self.data, f"p_{s}"))) for s in ("reference", "current")]
            return self.metric.clip(self.reference + own[1] - own[0])
        if name == "atc":
            return self._thresholded()
        if self.data.is_regression:
            if name not in _OF_REGRESSIONS:
                raise BadInput(
                    f"{name} reads the probabilities of a classifier's labels, and {self.metric.name} is the metric of "
                    "a regression; use dle or doubly_robust"
                )
            return self.metric.clip(self.metric.of_moments(self.mean_moments(name)))
        return self.metric.clip(self.metric.of(self.soft(name)))

    def soft(self, name: str) -> SoftSample:
        """The soft sample that an estimator of a classifier's metric stands for."""
        d, s = self.data, self.shared
        if name in ("cbpe", "pape"):
            return d.sample("current", s.calibrated(weighted=name == "pape")[1])
        if name == "label_shift":
            return d.sample("current", with_new_shares(*s.calibrated(), d.y_reference))
        q_ref, q_cur = s.conditional()
        if name == "outcome":
            return d.sample("current", q_cur)
        labelled = d.sample("reference", rows=s.rows)
        if name == "importance_weighted":
            return labelled.weighted(s.weights)
        assert name == "doubly_robust"
        scale = s.weights * len(q_cur) / len(s.rows)
        gap = d.sample("reference", labelled.mass - q_ref[s.rows], s.rows).weighted(scale)
        return d.sample("current", q_cur) + gap

    def _thresholded(self) -> float:
        if self.metric.name != "accuracy" or not self.data.probabilities:
            raise BadInput("atc estimates accuracy from probabilities; use doubly_robust for other metrics")
        ref, cur = ((p * np.log(np.clip(p, 1e-12, 1))).sum(axis=1) for p in self.data.probabilities)
        return float((cur >= np.quantile(ref, 1 - self.reference)).mean())

    @property
    def by_moments(self) -> bool:
        """Whether the metric is made of means over rows, so that its error has a formula."""
        return self.data.is_regression or self.metric.rows is not None

    @cached_property
    def moments(self) -> tuple[Floats, Floats, Floats]:
        """Reference rows' moments, their expectation there (out of fold), and on the current rows."""
        d, s = self.data, self.shared
        if d.is_regression:
            return (self.metric.moments_of(d.y_reference, d.predicted_reference), *s.moments(self.metric))
        assert self.metric.rows is not None
        q_ref, q_cur = s.conditional()
        ref, cur = d.sample("reference"), d.sample("current", q_cur)
        rows = self.metric.rows(ref)
        truth, expected = (ref.mass * rows).sum(axis=1), (q_ref * rows).sum(axis=1)
        return truth[:, None], expected[:, None], (q_cur * self.metric.rows(cur)).sum(axis=1)[:, None]

    def mean_moments(self, name: str) -> Floats:
        """Means over the current rows, as an estimator of a regression's metric has them."""
        truth, expected, current = self.moments
        if name == "dle":
            return _mean(current)
        rows, weights = self.shared.rows, self.shared.weights
        if name == "importance_weighted":
            return _mean(truth[rows], weights)
        return _mean(current) + _mean(truth[rows] - expected[rows], weights)

    # ------------------------------------------------------------------ errors
    @cached_property
    def standard_error(self) -> float:
        """Of the doubly robust value around the metric that the current rows will turn out to have."""
        return self._errors[0]

    @cached_property
    def standard_error_of_drop(self) -> float:
        """Of (doubly robust value - reference metric) around the difference between the two laws."""
        return self._errors[1]

    @cached_property
    def _errors(self) -> tuple[float, float]:
        return standard_errors(self)

    def interval(self, value: float, level: float, *, widen: bool) -> tuple[float, float]:
        """Around ``value``; ``widen`` by the estimators' range, and away from the reference by a share of the move."""
        if np.isnan(value):
            return value, value
        half, move = float(stats.norm.isf((1 - level) / 2)) * self.standard_error, 0.0
        if widen:
            half = STRETCH * half + B * self.disagreement
            move = self.reach * (value - self.reference)
        below, above = self.open_ends(value) if widen else (0.0, 0.0)
        low, high = value - half + min(0.0, move) - below, value + half + max(0.0, move) + above
        return self.metric.clip(low), self.metric.clip(high)

    def open_ends(self, value: float) -> tuple[float, float]:
        """How far rows without a reference may take the metric down and up: to its ends, in their share of the rows.

        Where the metric has no end on one side, they are taken to lie at most three times as far there as on the other.
        """
        below, above = value - self.metric.bounds[0], self.metric.bounds[1] - value
        below, above = (near if np.isfinite(near) else 3 * far for near, far in ((below, above), (above, below)))
        return self.shared.beyond * below, self.shared.beyond * above

    @property
    def reach(self) -> float:
        """Share of the estimated move by which the interval reaches further away from the reference."""
        return A_MANY if len(self.data.classes) > 2 else A

    @cached_property
    def disagreement(self) -> float:
        """Range of the doubly robust value and its two halves: the model of the labels, and the weighted reference."""
        names = ("dle" if self.data.is_regression else "outcome", "importance_weighted", "doubly_robust")
        values = [v for name in names if np.isfinite(v := self.value(name))]
        return max(values) - min(values) if values else 0.0


def _mean(moments: Floats, weights: Floats | None = None) -> Floats:
    return np.asarray(np.average(moments, axis=0, weights=weights))


def with_new_shares(q_ref: Floats, q_cur: Floats, y_reference: Ints) -> Floats:
    """Class probabilities of the current rows, with the shares of the classes most likely to have made them."""
    q = q_cur * MLLS().fit(q_ref, y_reference, q_cur).weights_
    return np.asarray(q / q.sum(axis=1, keepdims=True))
