"""Tests of arrays: 99 relabellings, with which .05 and .01 are values that a p-value takes."""

from __future__ import annotations

import numpy as np
from level_cell import Errors, rejected
from nulls import sample, samples

from ecotone.compare import explain, two_sample

DRAWS = 99


def ks_test(seed: int, null: str) -> Errors:
    x, y, units = samples(seed, null)
    return rejected(two_sample.ks_test(x, y, permutations=DRAWS, seed=seed, units=units).pvalue)


def mmd_test(seed: int, null: str) -> Errors:
    x, y, units = samples(seed, null)
    return rejected(two_sample.mmd_test(x, y, permutations=DRAWS, seed=seed, units=units).pvalue)


def energy_test(seed: int, null: str) -> Errors:
    x, y, units = samples(seed, null)
    return rejected(two_sample.energy_test(x, y, permutations=DRAWS, seed=seed, units=units).pvalue)


def c2st(seed: int, null: str) -> Errors:
    x, y, units = samples(seed, null)
    return rejected(two_sample.c2st(x, y, permutations=DRAWS, seed=seed, units=units).pvalue)


def _gap(x: np.ndarray, y: np.ndarray) -> float:
    """The largest distance between two columns' means: a user's own statistic."""
    return float(np.abs(x.mean(0) - y.mean(0)).max())


def permutation_test(seed: int, null: str) -> Errors:
    x, y, units = samples(seed, null)
    return rejected(two_sample.permutation_test(_gap, x, y, permutations=DRAWS, seed=seed, units=units).pvalue)


def feature_shift_test(seed: int, null: str) -> Errors:
    x, y, units = samples(seed, null)
    return rejected(explain.feature_shift_test(x, y, permutations=DRAWS, seed=seed, units=units).pvalue)


def feature_shift_test_of_one_column(seed: int, null: str) -> Errors:
    x, y, units = samples(seed, null)
    found = explain.feature_shift_test(x, y, permutations=DRAWS, seed=seed, units=units)
    return rejected(found.features[0].pvalue)


def feature_shift_test_by_bootstrap(seed: int, null: str) -> Errors:
    x, y, _ = samples(seed, null)
    return rejected(explain.feature_shift_test(x, y, permutations=DRAWS, seed=seed, null="bootstrap").pvalue)


def knn_non_iid_test(seed: int, null: str) -> Errors:
    return rejected(two_sample.knn_non_iid_test(sample(seed, null), permutations=DRAWS, seed=seed).pvalue)
