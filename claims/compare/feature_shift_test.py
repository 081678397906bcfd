"""A column replaced by its shuffled self: the feature shift test against marginal tests of every column."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy import stats

from ecotone.compare.explain import feature_shift_test

ABOUT = {
    "headline": "Tests of conditional distributions, by the score of a density model, say which of many features "
    "have shifted, on simulated and real sensors.",
    "tested": "One shuffled column among correlated normal ones is detected and ranked first, where marginal tests "
    "see nothing. False discoveries among columns are not controlled: the conditional distributions of its "
    "neighbours change too.",
    "setting": "stand-in",
    "pilot": "Localisation at a rate of false discoveries was dropped after a calculation had shown that the "
    "neighbours' conditional distributions change as well.",
}

_D, _N, _REPEATS, _ALPHA = 10, 500, 20, 0.05


def _samples(rng: np.random.Generator, shuffled: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Two samples with equicorrelation 0.6; in the second one column loses its relation to the others."""
    shared = rng.standard_normal((2, _N, 1))
    x, y = np.sqrt(0.4) * rng.standard_normal((2, _N, _D)) + np.sqrt(0.6) * shared
    if shuffled is not None:
        y[:, shuffled] = rng.permutation(y[:, shuffled])
    return x, y


def run(seeds: int = 10) -> dict[str, Any]:
    """Detection and localisation of one shuffled column among ten."""
    ours, baseline, top, top_ks, level, spread = [], [], [], [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        found, found_ks, first, first_ks, false, flagged = [], [], [], [], [], []
        for repeat in range(_REPEATS):
            j = int(rng.integers(_D))
            x, y = _samples(rng, j)
            result = feature_shift_test(x, y, permutations=199, seed=repeat)
            ks = [stats.ks_2samp(x[:, i], y[:, i]).pvalue for i in range(_D)]
            found.append(result.pvalue <= _ALPHA)
            found_ks.append(min(ks) <= _ALPHA / _D)
            first.append(result.top() == (j,))
            first_ks.append(int(np.argmin(ks)) == j)
            flagged.append(np.mean([f.pvalue <= _ALPHA for i, f in enumerate(result.features) if i != j]))
            x, y = _samples(rng, None)
            false.append(feature_shift_test(x, y, permutations=199, seed=repeat).pvalue <= _ALPHA)
        for rates, values in zip(
            (ours, baseline, top, top_ks, level, spread), (found, found_ks, first, first_ks, false, flagged)
        ):
            rates.append(float(np.mean(values)))
    gaps = np.subtract(ours, baseline)
    half = stats.t.ppf(0.975, seeds - 1) * gaps.std(ddof=1) / np.sqrt(seeds)
    interval = [float(gaps.mean() - half), float(gaps.mean() + half)]
    allowed = _ALPHA + 3 * np.sqrt(_ALPHA * (1 - _ALPHA) / (seeds * _REPEATS))
    return {
        "claim": "A column replaced by its shuffled self, margins equal, is detected in at least 95 % of cases and "
        "ranked first in at least 90 %, while Bonferroni-adjusted marginal KS tests detect at most at their level.",
        "metric": "detection rate at level 0.05",
        "ours": ours,
        "baseline": baseline,
        "difference": float(gaps.mean()),
        "interval": interval,
        "holds": bool(
            np.mean(ours) >= 0.95
            and np.mean(top) >= 0.9
            and np.mean(baseline) <= allowed
            and np.mean(level) <= allowed
            and interval[0] > 0
        ),
        "notes": f"Ranked first: {np.mean(top):.2f} (KS {np.mean(top_ks):.2f}). Level without a change "
        f"{np.mean(level):.3f}. Of the nine columns that were not shuffled, {np.mean(spread):.2f} have p <= 0.05 too: "
        "their conditional distributions did change, so small p-values are no list of culprits, and the FDR over "
        "columns that one might hope for is not claimed.",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
