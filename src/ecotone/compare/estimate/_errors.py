"""Standard errors of an estimated metric: by formula where it is a mean over rows, else by bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.measure.scores import SoftSample

from ._core import Core
from ._estimator import Estimator

_DEFINED = 0.9  # of the draws
_DRAWS = 100  # bootstrap draws for metrics that are no mean over rows


@dataclass(frozen=True)
class Errors:
    """Errors of an estimator that corrects a model of the labels by its weighted residual on the reference rows."""

    core: Core
    estimator: Estimator

    @classmethod
    def of(cls, core: Core, estimator: Estimator) -> Errors:
        """The errors of this estimator of this core, computed once."""
        key = ("errors", estimator.name, core.metric.name, core.seed)
        found: Errors = core.data.cache.setdefault(key, cls(core, estimator))
        return found

    @property
    def of_value(self) -> float:
        """Of the value around the metric that the current rows will turn out to have."""
        return self._both[0]

    @property
    def of_drop(self) -> float:
        """Of (value - reference metric) around the difference between the two distributions."""
        return self._both[1]

    @cached_property
    def _both(self) -> tuple[float, float]:
        return self.by_formula() if self.core.by_moments else self.by_bootstrap()

    def interval(self, value: float, level: float) -> tuple[float, float]:
        """Sampling error alone around a value, NaN around NaN; in the metric's range."""
        if np.isnan(value):
            return value, value
        half = float(stats.norm.isf((1 - level) / 2)) * self.of_value
        return self.core.metric.clip(value - half), self.core.metric.clip(value + half)

    def by_formula(self) -> tuple[float, float]:
        """From the rows' influence on the value and on the reference metric, by unit."""
        core = self.core
        truth, expected, current = core.moments
        rows, w, units = core.shared.rows, core.shared.weights, core.data.units or (None, None)
        n = len(truth)
        new, old = self._slopes(truth)
        gap = (truth[rows] - expected[rows]) @ new
        residual = np.zeros(n)
        residual[rows] = w * (gap - np.average(gap, weights=w)) * n / len(rows)
        realised = np.average((gap - np.average(gap, weights=w)) ** 2, weights=w) / len(current)
        if not core.data.is_regression:
            realised = np.float64(_realised(core) / len(current))
        here = variance_of_mean(residual, units[0]) + float(realised)
        there = (truth - truth.mean(axis=0)) @ old
        drop = variance_of_mean(residual - there, units[0])
        drop += variance_of_mean((current - current.mean(axis=0)) @ new, units[1])
        return float(np.sqrt(here)), float(np.sqrt(drop))

    def _slopes(self, truth: Floats) -> tuple[Floats, Floats]:
        """Of the metric in its means: at the estimated ones and at those of the reference."""
        if not self.core.data.is_regression:
            return np.ones(1), np.ones(1)
        assert self.estimator.moments is not None
        return _slope(self.core, self.estimator.moments(self.core)), _slope(self.core, truth.mean(axis=0))

    def by_bootstrap(self) -> tuple[float, float]:
        """From rows drawn again by unit, and labels of the current rows drawn from their probabilities."""
        assert self.estimator.sample is not None
        return _bootstrap(self.core, self.estimator.sample(self.core))


def _slope(core: Core, at: Floats) -> Floats:
    step = 1e-4 * np.maximum(np.abs(at), 1e-8)
    up = [core.metric.of_moments(at + step * e) - core.metric.of_moments(at - step * e) for e in np.eye(len(at))]
    return np.asarray(up) / (2 * step)


def _realised(core: Core) -> float:
    """Mean variance of a current row's score given the row: c (1 - c) for accuracy."""
    assert core.metric.rows is not None
    q = core.shared.conditional()[1]
    score = core.metric.rows(core.outcome)
    mean = (q * score).sum(axis=1, keepdims=True)
    return float((q * (score - mean) ** 2).sum(axis=1).mean())


def _bootstrap(core: Core, soft: SoftSample) -> tuple[float, float]:
    d, s, rng = core.data, core.shared, as_seed(core.seed, 11)
    units = d.units or (None, None)
    q = s.conditional()[1]
    whole, n_cur = d.sample("reference"), len(q)
    ref, real, drop = [], [], []
    for _ in range(_DRAWS):
        r = multiplicity(len(d.x_reference), units[0], rng)
        c = multiplicity(n_cur, units[1], rng)
        ref.append(core.metric.of(soft.weighted(np.concatenate([np.ones(n_cur), r[s.rows]]))))
        drawn = (q.cumsum(axis=1) > rng.random((n_cur, 1))).argmax(axis=1)
        real.append(core.metric.of(d.sample("current", np.eye(q.shape[1])[drawn])))
        moved = core.metric.of(soft.weighted(np.concatenate([c, r[s.rows]])))
        drop.append(moved - core.metric.of(whole.weighted(r)))
    return float(np.hypot(spread_of(ref), spread_of(real))), spread_of(drop)


def spread_of(draws: Sequence[float]) -> float:
    """Standard deviation of those draws in which the metric has a value; NaN where that is fewer than nine of ten."""
    known = np.asarray(draws)[np.isfinite(draws)]
    return float(np.std(known)) if len(known) >= _DEFINED * len(draws) else float("nan")


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
