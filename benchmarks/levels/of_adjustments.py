"""Rates of multiple testing: any rejection where nothing is true, the share of false ones where something is."""

from __future__ import annotations

import numpy as np
from level_cell import ALPHAS, Errors, rejected
from scipy import stats

from ecotone.decide import multiple_testing as adjust

INDEPENDENT, ALIKE, DISCRETE = "20 nulls, independent", "20 nulls, correlation .5", "20 nulls, p-values of ten values"
HALF = "20 nulls of 40, independent"
MARGIN = 0.03


def _normal(seed: int, null: str) -> tuple[np.ndarray, int]:
    """z-scores, one-sided, and how many of them, at the front, have an effect."""
    rng = np.random.default_rng([seed, 17])
    z = rng.standard_normal(40 if null == HALF else 20)
    if null == ALIKE:
        z = np.sqrt(0.5) * (z + rng.standard_normal())
    real = 20 if null == HALF else 0
    z[:real] += 3
    return z, real


def _pvalues(seed: int, null: str) -> tuple[np.ndarray, int]:
    z, real = _normal(seed, null)
    p = stats.norm.sf(z)
    edges = np.array([0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0])
    return (edges[np.searchsorted(edges, p)] if null == DISCRETE else p), real


def _share(adjusted: np.ndarray, real: int) -> Errors:
    """False rejections as a share of all, 0 where there are none; without an effect that is "any rejection"."""
    named = [adjusted <= alpha * (1 + 1e-12) for alpha in ALPHAS]
    return tuple(float(n[real:].sum() / max(1, n.sum())) for n in named)


def _any(adjusted: np.ndarray, real: int) -> Errors:
    return rejected(float(adjusted[real:].min()))


def benjamini_hochberg(seed: int, null: str) -> Errors:
    p, real = _pvalues(seed, null)
    return _share(adjust.benjamini_hochberg(p), real)


def benjamini_yekutieli(seed: int, null: str) -> Errors:
    p, real = _pvalues(seed, null)
    return _share(adjust.benjamini_yekutieli(p), real)


def storey(seed: int, null: str) -> Errors:
    p, real = _pvalues(seed, null)
    return _share(adjust.storey(p), real)


def holm(seed: int, null: str) -> Errors:
    p, real = _pvalues(seed, null)
    return _any(adjust.holm(p), real)


def weighted_bonferroni(seed: int, null: str) -> Errors:
    p, real = _pvalues(seed, null)
    return _any(adjust.weighted_bonferroni(p, np.arange(1, len(p) + 1) / np.arange(1, len(p) + 1).sum()), real)


def westfall_young(seed: int, null: str) -> Errors:
    """Means of twenty columns against flips of the rows' signs."""
    rng = np.random.default_rng([seed, 18])
    x = rng.standard_normal((25, 20)) + (rng.standard_normal((25, 1)) if null == ALIKE else 0)
    x = np.sign(x) if null == DISCRETE else x
    flips = rng.choice([-1.0, 1.0], (99, 25))
    return _any(adjust.westfall_young(x.mean(0), flips @ x / 25), 0)


def e_benjamini_hochberg(seed: int, null: str) -> Errors:
    """Likelihood ratios of a shift by 2."""
    z, real = _normal(seed, null)
    return _share(adjust.e_benjamini_hochberg(np.exp(2 * z - 2)), real)


def e_to_p(seed: int, null: str) -> Errors:
    """The e-value of a p-value, as a p-value."""
    return rejected(float(adjust.e_to_p(adjust.p_to_e(_pvalues(seed, null)[0][:1]))[0]))


def merge_evalues(seed: int, null: str) -> Errors:
    """The mean of twenty e-values, as a p-value."""
    merged = adjust.merge_evalues(adjust.p_to_e(_pvalues(seed, null)[0]))
    return rejected(float(adjust.e_to_p([merged])[0]))


def fcr_level(seed: int, null: str) -> Errors:
    """Of the intervals shown, of effects that Benjamini and Hochberg name, the share that misses."""
    z, real = _normal(seed, null)
    truth = np.where(np.arange(len(z)) < real, 3.0, 0.0)
    found = []
    for alpha in ALPHAS:
        named = adjust.benjamini_hochberg(2 * stats.norm.sf(np.abs(z))) <= alpha * (1 + 1e-12)
        half = stats.norm.isf(adjust.fcr_level(int(named.sum()), len(z), alpha) / 2)
        found.append(float((np.abs(z - truth) > half)[named].sum() / max(1, named.sum())))
    return tuple(found)


def minimum_effect_test(seed: int, null: str) -> Errors:
    """An AUC of exactly .5 + MARGIN, which is not above the margin."""
    rng, (n, m) = np.random.default_rng([seed, 19]), (100, 100) if "100" in null else (40, 160)
    shift = np.sqrt(2) * stats.norm.ppf(0.5 + MARGIN)
    found = adjust.auc_effect(rng.standard_normal(n), rng.standard_normal(m) + shift)
    return rejected(adjust.minimum_effect_test(found.estimate, found.se, MARGIN, dof=found.dof).pvalue)
