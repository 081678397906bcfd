"""Whether labels say that a model's metric got worse."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ecotone.compare.estimate import variance_of_mean
from ecotone.contracts import Floats, Ints, as_seed

from ._measured import Scores, spread

PERMUTATIONS = 1999  # p-values down to 1 / 2000, a tenth of the share that performance has of alpha = .05
_PERMUTED_ROWS = 6000  # both tables together; beyond, the normal distribution


def degradation_test(before: Scores, now: Scores, seed: int) -> tuple[float, str]:
    """p-value of "performance has not become worse", and how it was found.

    Shares of independent rows: Fisher's exact test. Other means: a permutation of units, on the difference in standard
    errors; exact where the two distributions of the scores are equal. Metrics that are no mean: the same on their
    difference. Large tables: the normal distribution with standard errors by unit. Where the metric is 0/0 on either
    side the p-value is 1, and permutations in which it is count against an alarm.
    """
    if before.undefined is not None or now.undefined is not None:
        return 1.0, "none: the metric is undefined"
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
        if np.isnan(se):
            return 1.0, "none: the metric is 0/0 in more than a tenth of the bootstrap samples"
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
    above = sum(not gap(rng.permutation(groups)) < observed - 1e-12 for _ in range(draws))
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
