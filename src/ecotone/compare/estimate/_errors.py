"""Standard errors of the doubly robust value: by formula where a metric is a mean over rows, else by bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ecotone.contracts import Floats, Ints, as_seed

if TYPE_CHECKING:
    from ._core import Core

_DEFINED = 0.9  # of the draws
_DRAWS = 100  # bootstrap draws for metrics that are no mean over rows


def standard_errors(core: Core) -> tuple[float, float]:
    """Of the doubly robust value, and of its difference from the reference metric."""
    return by_formula(core) if core.by_moments else by_bootstrap(core)


def by_formula(core: Core) -> tuple[float, float]:
    """From the rows' influence on the value and on the reference metric, by unit."""
    truth, expected, current = core.moments
    rows, w, units = core.shared.rows, core.shared.weights, core.data.units or (None, None)
    n = len(truth)
    new, old = _slope(core, core.mean_moments("doubly_robust")), _slope(core, truth.mean(axis=0))
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


def _slope(core: Core, at: Floats) -> Floats:
    if not core.data.is_regression:
        return np.ones(len(at))
    step = 1e-4 * np.maximum(np.abs(at), 1e-8)
    up = [core.metric.of_moments(at + step * e) - core.metric.of_moments(at - step * e) for e in np.eye(len(at))]
    return np.asarray(up) / (2 * step)


def _realised(core: Core) -> float:
    """Mean variance of a current row's score given the row: c (1 - c) for accuracy."""
    assert core.metric.rows is not None
    q = core.shared.conditional()[1]
    score = core.metric.rows(core.data.sample("current", q))
    mean = (q * score).sum(axis=1, keepdims=True)
    return float((q * (score - mean) ** 2).sum(axis=1).mean())


def by_bootstrap(core: Core) -> tuple[float, float]:
    """From rows drawn again by unit, and labels of the current rows drawn from their probabilities."""
    d, s, rng = core.data, core.shared, as_seed(core.seed, 11)
    units = d.units or (None, None)
    q = s.conditional()[1]
    soft, whole, n_cur = core.soft("doubly_robust"), d.sample("reference"), len(q)
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
