"""Whether current rows are a mixture of the reference's classes: level where they are, power where they are not."""

import numpy as np
import pytest
from chance import most
from scipy import special

from ecotone.compare.estimate._mixture_fit import mixture_misfit


def _pvalue(seed, shift, k=2, n=500):
    rng = np.random.default_rng(seed)
    means = 1.2 * np.eye(k, 3)

    def draw(shares, by):
        y = rng.choice(k, n, p=shares)
        x = rng.standard_normal((n, 3)) + means[y]
        x[:, 0] += by
        x[rng.random(n) < 0.05, 2] = np.nan
        return x, y

    before, now = np.full(k, 1 / k), rng.dirichlet(np.full(k, 8.0))
    (x, y), (x_now, _) = draw(before, 0.0), draw(now, shift)
    said = [special.log_softmax(np.nan_to_num(a) @ means.T - (means**2).sum(1) / 2, axis=1) for a in (x, x_now)]
    said = [np.diff(s, axis=1) if k == 2 else s for s in said]
    return mixture_misfit((said[0], said[1]), (x, x_now), y, now)


@pytest.mark.parametrize("k", [2, 4])
def test_level_under_label_shift(k):
    low = sum(_pvalue(seed, 0.0, k) <= 0.05 for seed in range(80))
    assert low <= most(80, 0.05)


def test_power_where_the_classes_themselves_moved():
    assert sum(_pvalue(seed, 0.5) <= 0.05 for seed in range(20)) >= 17


def test_few_rows_of_a_class_refute_nothing():
    x = np.zeros((30, 1))
    assert mixture_misfit((x, x), (x, x), np.repeat([0, 1], [25, 5]), np.array([0.5, 0.5])) == 1
    assert mixture_misfit((x, x), (x, x), np.repeat([0, 1], [50, 50])[:30] * 0, np.array([1.0])) == 1
