"""What labels say of a model's metric: its value with an interval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from ecotone.checkup.as_json import finite_ends
from ecotone.compare.estimate import Core, Predictions, multiplicity, spread_of, variance_of_mean
from ecotone.contracts import Floats, Ints, as_seed
from ecotone.measure.scores import Metric

from ._metric_values import Measured, MeasuredNow, Powered

_DRAWS = 100  # a standard error of so many resamples is known to 7 %: 1 / sqrt(200)
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

    @property
    def undefined(self) -> str | None:
        """Why the metric of these rows is 0/0, or None where it has a value."""
        return self.data.undefined(self.metric, self.side, self.rows)

    @property
    def counted(self) -> Ints | None:
        """The rows of which recall or precision of two classes is the share that is right; None for other metrics."""
        if self.metric.name not in ("recall", "precision") or len(self.data.classes) != 2:
            return None
        of = "y" if self.metric.name == "recall" else "predicted"
        return np.flatnonzero(getattr(self.data, f"{of}_{self.side}")[self.rows] == self.data.positive)

    def few(self, most: int, rng: np.random.Generator) -> Scores:
        """These rows, or a random sample of them."""
        if len(self.rows) <= most:
            return self
        return replace(self, rows=np.sort(rng.choice(self.rows, most, replace=False)))


def scores(data: Predictions, metric: Metric, side: str) -> Scores:
    """All labelled rows of a table."""
    return Scores(data, metric, side, np.arange(len(data.x_reference)) if side == "reference" else data.labelled)


def measured(s: Scores, level: float, seed: int) -> Measured:
    """The metric with an interval for the population of the rows; ``undefined`` says why there is none.

    Shares, and recall and precision of two classes: Wilson's interval, with the effective number of rows where units
    hold several. Other means: Student's t, by unit. The rest: the spread of bootstrap samples of units, and of a metric
    at the end of its range Wilson's of the rarest class, for then no sample differs.
    """
    n = len(s.rows)
    units = _units(s.units, n)
    if (why := s.undefined) is not None:
        return Measured(None, None, level, n, units, "undefined", why)
    value = s.value()
    ends, how = _interval(s, value, level, units, seed)
    interval = None if ends is None else (s.metric.clip(ends[0]), s.metric.clip(ends[1]))
    return Measured(value, finite_ends(interval), level, n, units, how)


def measured_now(core: Core, reference: Measured, level: float) -> MeasuredNow | None:
    """The metric of the labelled current rows, and with the help of predictions; None where no row has a label."""
    if not len(core.data.labelled):
        return None
    found = measured(scores(core.data, core.metric, "current"), level, core.seed)
    both = found.value is not None and reference.value is not None
    return MeasuredNow(**vars(found), prediction_powered=powered(core, level) if both else None)


def _units(units: Ints | None, rows: int) -> int:
    return rows if units is None else len(np.unique(units))


def _interval(s: Scores, value: float, level: float, units: int, seed: int) -> tuple[tuple[float, float] | None, str]:
    """The ends, where there are any, and how they were found."""
    if s.is_share:
        return wilson(value, _effective(value, s.each(), s.units), level), "Wilson"
    if (rows := s.counted) is not None:
        at = s.rows[rows]
        y, said = (np.asarray(getattr(s.data, f"{what}_{s.side}"))[at] for what in ("y", "predicted"))
        size = _effective(value, (y == said).astype(np.float64), None if s.units is None else s.units[rows])
        return wilson(value, size, level), "Wilson"
    if units < 2:
        return None, "no interval: one row or unit"
    t = float(stats.t.isf((1 - level) / 2, units - 1))
    if s.is_mean and s.metric.name != "rmse":
        half = t * float(np.sqrt(variance_of_mean(s.each(), s.units)))
        return (value - half, value + half), "Student's t by unit"
    half = t * spread(s, as_seed(seed, 21))
    if not np.isfinite(half):
        return None, "no interval: the metric is 0/0 in more than a tenth of the bootstrap samples"
    low, high = value - half, value + half
    if value in s.metric.bounds and not s.data.is_regression:
        ends = wilson(value, float(np.bincount(s.data.sample(s.side, rows=s.rows).mass.argmax(1)).min() or 1), level)
        low, high = min(low, ends[0]), max(high, ends[1])
    return (low, high), "bootstrap by unit"


def _effective(share: float, each: Floats, units: Ints | None) -> float:
    """Independent rows that say as much as these rows of units do."""
    if units is None:
        return float(len(each))
    variance = variance_of_mean(each, units)
    return min(len(each), share * (1 - share) / variance) if variance > 0 else float(_units(units, len(each)))


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
    return spread_of(values) * float(np.sqrt(len(part.rows) / len(s.rows)))


def powered(core: Core, level: float) -> Powered | None:
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
    return Powered(core.metric.clip(value), (low, high), lam)
