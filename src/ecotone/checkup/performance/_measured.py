"""What labels say of a model's metric: its value with an interval, and whether it got worse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from ecotone.compare.estimate import Predictions
from ecotone.compare.estimate._core import Core
from ecotone.compare.estimate._errors import multiplicity, variance_of_mean
from ecotone.contracts import Floats, Ints, as_seed
from ecotone.measure.scores import Metric

PERMUTATIONS = 1999
_PERMUTED_ROWS = 6000  # both tables together; beyond, the normal law
_DRAWS = 100
_RESAMPLED_ROWS = 20_000


@dataclass(frozen=True)
class Scores:
    """Labelled rows of one table: what each scores, or a function of the rows where the metric is no mean."""

    data: Predictions
    metric: Metric
    side: str
    rows: Ints

    @property
    def units(self) -> Ints | None:
        return None if self.data.units is None else self.data.units[self.side == "current"][self.rows]

    @property
    def is_mean(self) -> bool:
        """Whether the metric rises or falls with the mean of :meth:`each`."""
        return self.metric.row_mean or self.metric.name == "rmse"

    @property
    def is_share(self) -> bool:
        """Whether every row scores 0 or 1."""
        return self.metric.name == "accuracy"

    def each(self) -> Floats:
        """(n,) score of each row, of a metric that is a mean."""
        if self.data.is_regression:
            y, predicted = (getattr(self.data, f"{what}_{self.side}")[self.rows] for what in ("y", "predicted"))
            return self.metric.moments_of(y, predicted)[:, 0]
        sample = self.data.sample(self.side, rows=self.rows)
        assert self.metric.rows is not None
        return np.asarray((sample.mass * self.metric.rows(sample)).sum(axis=1))

    def value(self, weight: Floats | None = None) -> float:
        """The metric of these rows, weighted."""
        if self.data.is_regression:
            y, predicted = (getattr(self.data, f"{what}_{self.side}")[self.rows] for what in ("y", "predicted"))
            return self.metric.of_numbers(y, predicted, weight)
        sample = self.data.sample(self.side, rows=self.rows)
        return self.metric.of(sample if weight is None else sample.weighted(weight))

    def few(self, most: int, rng: np.random.Generator) -> Scores:
        """These rows, or a random sample of them."""
        if len(self.rows) <= most:
            return self
        return replace(self, rows=np.sort(rng.choice(self.rows, most, replace=False)))


def scores(data: Predictions, metric: Metric, side: str) -> Scores:
    """All labelled rows of a table."""
    return Scores(data, metric, side, np.arange(len(data.x_reference)) if side == "reference" else data.labelled)


def measured(s: Scores, level: float, seed: int) -> dict[str, Any]:
    """The metric with an interval for the law that the rows come from.

    Shares: Wilson's interval, with the effective number of rows where units hold several. Other means: Student's t,
    by unit. The rest: the spread of bootstrap samples of units.
    """
    value, n = s.value(), len(s.rows)
    groups = n if s.units is None else len(np.unique(s.units))
    how = "Wilson"
    if s.is_share:
        variance = variance_of_mean(s.each(), s.units)
        size = (
            float(n) if s.units is None else min(n, value * (1 - value) / variance) if variance > 0 else float(groups)
        )
        interval = wilson(value, size, level)
    elif groups < 2:
        interval, how = s.metric.bounds, "one unit: nothing is known"
    elif s.is_mean and s.metric.name != "rmse":
        half = float(stats.t.isf((1 - level) / 2, groups - 1)) * float(np.sqrt(variance_of_mean(s.each(), s.units)))
        interval, how = (value - half, value + half), "Student's t by unit"
    else:
        half = float(stats.t.isf((1 - level) / 2, groups - 1)) * spread(s, as_seed(seed, 21))
        interval, how = (value - half, value + half), "bootstrap by unit"
    low, high = (s.metric.clip(end) for end in interval)
    return {"value": value, "interval": (low, high), "level": level, "rows": n, "units": groups, "method": how}


def wilson(share: float, n: float, level: float) -> tuple[float, float]:
    """Wilson's score interval of a share of ``n`` rows."""
    z = float(stats.norm.isf((1 - level) / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(middle - half), float(middle + half)


def spread(s: Scores, rng: np.random.Generator) -> float:
    """Standard error of the metric by bootstrap of units; of a large table from a sample of its rows."""
    part = s.few(_RESAMPLED_ROWS, rng)
    values = [part.value(multiplicity(len(part.rows), part.units, rng)) for _ in range(_DRAWS)]
    return float(np.std(values) * np.sqrt(len(part.rows) / len(s.rows)))


def got_worse(before: Scores, now: Scores, seed: int) -> tuple[float, str]:
    """p-value of "performance has not become worse", and how it was found.

    Shares of independent rows: Fisher's exact test. Other means: a permutation of units, on the difference in standard
    errors; exact where the two laws of the scores are equal. Metrics that are no mean: the same on their difference.
    Large tables: the normal law with standard errors by unit.
    """
    sign = 1.0 if before.metric.greater_is_better else -1.0
    if before.is_share and before.data.units is None:
        a, b = before.each(), now.each()
        counts = np.array([[s.sum(), len(s) - s.sum()] for s in (a, b)], dtype=np.int64)
        return float(stats.fisher_exact(counts, alternative="greater").pvalue), "Fisher's exact test"
    if len(before.rows) + len(now.rows) > _PERMUTED_ROWS:
        if before.is_mean:
            a, b = sign * before.each(), sign * now.each()
            se = np.sqrt(variance_of_mean(a, before.units) + variance_of_mean(b, now.units))
            gap = float(a.mean() - b.mean())
        else:
            rng = as_seed(seed, 22)
            se, gap = np.hypot(spread(before, rng), spread(now, rng)), sign * (before.value() - now.value())
        return float(stats.norm.sf(gap / se)) if se > 0 else float(gap <= 0), "normal, standard errors by unit"
    return _permuted(before, now, sign, as_seed(seed, 23)), "permutation of units"


def _permuted(before: Scores, now: Scores, sign: float, rng: np.random.Generator) -> float:
    n, m = len(before.rows), len(now.rows)
    if before.units is None or now.units is None:
        of = np.arange(n + m)
    else:
        first, second = (np.unique(u, return_inverse=True)[1] for u in (before.units, now.units))
        of = np.concatenate([first, second + first.max() + 1])
    groups, split = int(of.max()) + 1, int(of[:n].max()) + 1
    if before.is_mean:
        each = np.concatenate([before.each(), now.each()]) * sign
        sums, sizes = np.bincount(of, each), np.bincount(of).astype(np.float64)

        def gap(order: Ints) -> float:
            a, b = order[:split], order[split:]
            means = [sums[g].sum() / sizes[g].sum() for g in (a, b)]
            v = sum(((sums[g] - mu * sizes[g]) ** 2).sum() / sizes[g].sum() ** 2 for g, mu in zip((a, b), means))
            return float((means[0] - means[1]) / np.sqrt(v)) if v > 0 else float(means[0] - means[1]) * 1e9

        draws = PERMUTATIONS
    else:

        def gap(order: Ints) -> float:
            mine = np.zeros(groups)
            mine[order[:split]] = 1.0
            w = mine[of]
            return sign * (_together(before, now, w) - _together(before, now, 1 - w))

        draws = 999
    observed = gap(np.arange(groups))
    above = sum(gap(rng.permutation(groups)) >= observed - 1e-12 for _ in range(draws))
    return (1 + above) / (1 + draws)


def _together(before: Scores, now: Scores, weight: Floats) -> float:
    """The metric of weighted rows of both tables."""
    n = len(before.rows)
    if before.data.is_regression:
        d = before.data
        assert d.y_current is not None
        y = np.concatenate([d.y_reference[before.rows], d.y_current[now.rows]])
        predicted = np.concatenate([d.predicted_reference[before.rows], d.predicted_current[now.rows]])
        return before.metric.of_numbers(y, predicted, weight)
    samples = [s.data.sample(s.side, rows=s.rows) for s in (before, now)]
    return before.metric.of(samples[0].weighted(weight[:n]) + samples[1].weighted(weight[n:]))


def powered(core: Core, level: float) -> dict[str, Any] | None:
    r"""Prediction-powered value where a random sample of the current rows has labels, else None.

    .. math:: \bar s_{lab} + \lambda(\bar m_{all} - \bar m_{lab})

    with m the expected score and the lambda of least variance (Angelopoulos, Duchi and Zrnic 2023,
    https://arxiv.org/abs/2311.01453).
    """
    data, rows = core.data, core.data.labelled
    if not core.metric.row_mean or not 50 <= len(rows) < len(data.x_current):
        return None
    truth, model = scores(data, core.metric, "current").each(), core.moments[2][:, 0]
    here, units = model[rows], None if data.units is None else data.units[1]
    share = len(rows) / len(model)
    lam = float(np.cov(truth, here)[0, 1] / here.var(ddof=1) * (1 - share)) if here.var() > 0 else 0.0
    value = float(truth.mean() + lam * (model.mean() - here.mean()))
    variance = variance_of_mean(truth - lam * here, None if units is None else units[rows])
    variance += lam**2 * variance_of_mean(model, units)
    half = float(stats.t.isf((1 - level) / 2, len(rows) - 1)) * float(np.sqrt(variance))
    low, high = core.metric.clip(value - half), core.metric.clip(value + half)
    return {"value": core.metric.clip(value), "interval": (low, high), "weight": lam}
