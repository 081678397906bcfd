"""What wide tables are spared costs them no exactness: each short way against the long one."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special, stats

from ecotone.checkup.rows._row_share import _lowest
from ecotone.compare.explain._column_scores import column_scores
from ecotone.compare.explain._residual_products import log10_pvalue
from ecotone.compare.two_sample import _pairwise_test, _trees
from ecotone.data import Column


def test_scores_without_ties_are_the_hermite_polynomials_of_mid_ranks():
    x = np.random.default_rng(0).normal(size=200)
    z = special.ndtri((stats.rankdata(x) - 0.5) / 200)
    found = column_scores(Column("x", "numeric", x), 10)
    for k, power in enumerate((z, z**2 - 1, z**3 - 3 * z, z**4 - 6 * z**2 + 3)):
        assert found.matrix[:, k] == pytest.approx((power - power.mean()) / power.std())


def test_one_residual_is_tested_by_students_t_with_the_larger_variance():
    rng = np.random.default_rng(1)
    a, r = rng.normal(size=(2, 300, 1))
    for chance in (0.5, 0.001):  # the null's variance is the larger one, then the robust one
        share = np.full((300, 1), chance)
        found = log10_pvalue(a, r, np.ones((300, 1)), share, np.arange(300))
        product = (a * r)[:, 0]
        robust = ((product - product.mean()) ** 2).sum()
        variance = max(robust, float((chance * (1 - chance) * r**2).sum()))
        t2 = product.sum() ** 2 / variance * 299 / 300
        assert found == pytest.approx(np.log10(stats.f.sf(t2 * 298 / 299, 1, 298)))
    r *= 100 * (np.arange(300)[:, None] % 2)
    a = a / 50  # products far smaller than the null would have them
    small = log10_pvalue(a, r, np.ones((300, 1)), np.full((300, 1), 0.25), np.arange(300))
    total, null = float((a * r).sum()), float((0.1875 * r**2).sum())
    assert small == pytest.approx(np.log10(stats.f.sf(total**2 / null * 299 / 300 * 298 / 299, 1, 298)))


def test_trees_of_a_wide_table_read_the_columns_that_moved_or_spread():
    rng = np.random.default_rng(2)
    y = np.arange(400) >= 200
    x = rng.normal(size=(400, _trees.FEATURES + 200))
    x[y, 7] += 2
    x[y, 11] *= 3
    read = _trees._screened(x, y)
    assert len(read) == _trees.FEATURES and {7, 11} <= set(read)
    told = [abs(np.corrcoef(v, y)[0, 1]) for v in x.T]
    assert max(told[j] for j in set(range(x.shape[1])) - set(read)) < 0.1, (
        "none that tells the tables apart is left out"
    )


def test_pairs_of_a_wide_table_keep_the_richest_scores_that_are_affordable():
    def picked(columns):
        return lambda names: [(j, sorted(names & {"L1", "L2", "up", "low"})) for j in range(columns)]

    for columns, names in ((600, {"L1", "L2", "up", "low"}), (1000, {"L1", "L2"}), (2000, {"L1"})):
        found, count = _pairwise_test.affordable_scores(SimpleNamespace(picked=picked(columns)))
        assert found & {"L1", "L2", "up", "low"} == names and count == columns * len(names)


def test_the_share_in_the_tail_is_that_of_all_rows_ranked():
    rng = np.random.default_rng(3)
    for _ in range(300):
        n, m = rng.integers(2, 60, 2)
        held, now = np.round(rng.normal(size=n), 1), np.round(rng.normal(size=m), 1)
        k = int(rng.integers(1, n + 1))
        low, high = (np.array([count(held, v).sum() for v in now]) for count in (np.greater, np.greater_equal))
        low, high = n - high, n - low
        expected = np.clip((k - low) / (high - low + 1), 0, 1).mean(), (high < k).mean()
        assert _lowest(held, now, k) == pytest.approx(expected)
