"""Values, standard errors and intervals that the estimators share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import stats

from ecotone.contracts import BadInput, Estimate, Floats, Ints, as_seed
from ecotone.measure.ratios import MLLS
from ecotone.measure.scores import Metric, SoftSample, metric_named

from ._nuisance import Nuisance, nuisance
from ._predictions import Predictions

_DRAWS = 100  # bootstrap draws for metrics that are no mean over rows

#: The doubly robust interval is value -+ (z se + B range), and reaches A |value - reference| further on the side away
#: from the reference: learners that were held back see too little of a change, not too much. Fitted on simulated
#: shifts by ``benchmarks/accuracy/fit_constants.py``.
A, B = 0.3, 0.0
#: In the place of A where there are more than two classes: their estimates are held back more. Chosen so that 94 % of
#: the 36 four-class replicates of ``fit_constants.py`` and ``coverage.py`` are covered, so that figure is in-sample.
A_MANY = 0.8


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

    # ------------------------------------------------------------------ values
    @cached_property
    def values(self) -> dict[str, float]:
        """What the estimators say."""
        names: tuple[str, ...] = ("dle", "importance_weighted", "doubly_robust")
        if not self.data.is_regression:
            names = ("cbpe", "pape", "importance_weighted", "doubly_robust")
            names += ("doc",) if self.data.p_reference is not None else ()
        return {name: self.value(name) for name in names}

    def value(self, name: str) -> float:
        """One estimator's value, in the metric's range."""
        if name == "doc":
            own = [self.metric.of(self.data.sample(s, getattr(self.data, f"p_{s}"))) for s in ("reference", "current")]
            return self.metric.clip(self.reference + own[1] - own[0])
        if name == "atc":
            return self._thresholded()
        if self.data.is_regression:
            return self.metric.clip(self.metric.of_moments(self._mean_moments(name)))
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

    def _mean_moments(self, name: str) -> Floats:
        truth, expected, current = self.moments
        rows, w = self.shared.rows, None if name == "dle" else self.shared.weights
        if w is None:
            return current.mean(axis=0)  # type: ignore[no-any-return]
        if name == "importance_weighted":
            return np.average(truth[rows], axis=0, weights=w)  # type: ignore[no-any-return]
        return current.mean(axis=0) + np.average(truth[rows] - expected[rows], axis=0, weights=w)  # type: ignore[no-any-return]

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
        return self._errors_by_formula() if self.by_moments else self._errors_by_bootstrap()

    def _slope(self, at: Floats) -> Floats:
        if not self.data.is_regression:
            return np.ones(len(at))
        step = 1e-4 * np.maximum(np.abs(at), 1e-8)
        up = [self.metric.of_moments(at + step * e) - self.metric.of_moments(at - step * e) for e in np.eye(len(at))]
        return np.asarray(up) / (2 * step)

    def _errors_by_formula(self) -> tuple[float, float]:
        truth, expected, current = self.moments
        rows, w, units = self.shared.rows, self.shared.weights, self.data.units or (None, None)
        n = len(truth)
        new, old = self._slope(self._mean_moments("doubly_robust")), self._slope(truth.mean(axis=0))
        gap = (truth[rows] - expected[rows]) @ new
        residual = np.zeros(n)
        residual[rows] = w * (gap - np.average(gap, weights=w)) * n / len(rows)
        realised = np.average((gap - np.average(gap, weights=w)) ** 2, weights=w) / len(current)
        if not self.data.is_regression:
            realised = np.float64(self._realised() / len(current))
        here = variance_of_mean(residual, units[0]) + float(realised)
        there = (truth - truth.mean(axis=0)) @ old
        drop = variance_of_mean(residual - there, units[0])
        drop += variance_of_mean((current - current.mean(axis=0)) @ new, units[1])
        return float(np.sqrt(here)), float(np.sqrt(drop))

    def _realised(self) -> float:
        """Mean variance of a current row's score given the row: c (1 - c) for accuracy."""
        assert self.metric.rows is not None
        q = self.shared.conditional()[1]
        score = self.metric.rows(self.data.sample("current", q))
        mean = (q * score).sum(axis=1, keepdims=True)
        return float((q * (score - mean) ** 2).sum(axis=1).mean())

    def _errors_by_bootstrap(self) -> tuple[float, float]:
        d, s, rng = self.data, self.shared, as_seed(self.seed, 11)
        units = d.units or (None, None)
        q = s.conditional()[1]
        soft, whole, n_cur = self.soft("doubly_robust"), d.sample("reference"), len(q)
        ref, real, drop = [], [], []
        for _ in range(_DRAWS):
            r = multiplicity(len(d.x_reference), units[0], rng)
            c = multiplicity(n_cur, units[1], rng)
            ref.append(self.metric.of(soft.weighted(np.concatenate([np.ones(n_cur), r[s.rows]]))))
            drawn = (q.cumsum(axis=1) > rng.random((n_cur, 1))).argmax(axis=1)
            real.append(self.metric.of(d.sample("current", np.eye(q.shape[1])[drawn])))
            moved = self.metric.of(soft.weighted(np.concatenate([c, r[s.rows]])))
            drop.append(moved - self.metric.of(whole.weighted(r)))
        return float(np.hypot(np.std(ref), np.std(real))), float(np.std(drop))

    def interval(self, value: float, level: float, *, widen: bool) -> tuple[float, float]:
        """Around ``value``; ``widen`` by the estimators' range, and away from the reference by a share of the move."""
        half, move = float(stats.norm.isf((1 - level) / 2)) * self.standard_error, 0.0
        if widen:
            half += B * self.disagreement
            move = self.reach * (value - self.reference)
        return self.metric.clip(value - half + min(0.0, move)), self.metric.clip(value + half + max(0.0, move))

    @property
    def reach(self) -> float:
        """Share of the estimated move by which the interval reaches further away from the reference."""
        return A_MANY if len(self.data.classes) > 2 else A

    @cached_property
    def disagreement(self) -> float:
        """Range of the doubly robust value and its two halves: the model of the labels, and the weighted reference."""
        names = ("dle" if self.data.is_regression else "outcome", "importance_weighted", "doubly_robust")
        values = [self.value(name) for name in names]
        return max(values) - min(values)


def variance_of_mean(values: Floats, units: Ints | None) -> float:
    """Variance of the mean of ``values``; rows of one unit may depend on each other."""
    n = len(values)
    gap = values - values.mean()
    if units is not None:
        gap = np.bincount(np.unique(units, return_inverse=True)[1], gap)
    g = len(gap)
    return float((gap**2).sum() / n**2 * g / max(1, g - 1))


def multiplicity(n: int, units: Ints | None, rng: np.random.Generator) -> Floats:
    """How often each row is drawn in one bootstrap sample; rows of one unit together."""
    if units is None:
        return np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
    _, of = np.unique(units, return_inverse=True)
    g = int(of.max()) + 1
    return np.bincount(rng.integers(0, g, g), minlength=g).astype(np.float64)[of]


def estimate(
    core: Core, name: str, assumption: str, level: float, *, widen: bool = False, unknown: str | None = None
) -> Estimate:
    """One estimator's answer."""
    if not 0 < level < 1:
        raise BadInput(f"level must lie between 0 and 1, got {level!r}; try 0.9")
    value = core.value(name)
    details: dict[str, Any] = {"metric": core.metric.name, "reference": core.reference}
    return Estimate(value, core.interval(value, level, widen=widen), name, assumption, level, unknown, details)


def with_new_shares(q_ref: Floats, q_cur: Floats, y_reference: Ints) -> Floats:
    """Class probabilities of the current rows, with the shares of the classes most likely to have made them."""
    q = q_cur * MLLS().fit(q_ref, y_reference, q_cur).weights_
    return np.asarray(q / q.sum(axis=1, keepdims=True))
