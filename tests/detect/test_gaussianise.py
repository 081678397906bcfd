"""Normal scores of mixed columns."""

import numpy as np
import pytest
from scipy import stats

from ecotone.data import Column, Table
from ecotone.data._gaussianise import Gaussianiser


def _one(values, kind="numeric", levels=()):
    values = np.asarray(values, float)
    return Table({"c": Column("c", kind, values, tuple(levels))}, len(values), rows=np.arange(len(values)))


def _scores(reference, values, kind="numeric", levels=()):
    return Gaussianiser().fit(_one(reference, kind, levels)).transform(_one(values, kind, levels))


@pytest.mark.parametrize("law", [stats.norm(), stats.lognorm(1), stats.uniform(), stats.t(3)])
def test_follows_the_true_normal_score_inside(law):
    reference = law.rvs(20000, random_state=0)
    grid = law.ppf(stats.norm.cdf(np.linspace(-2.5, 2.5, 41)))
    np.testing.assert_allclose(_scores(reference, grid)[:, 0], np.linspace(-2.5, 2.5, 41), atol=0.12)


def test_order_is_kept_and_growth_is_bounded():
    reference = np.random.default_rng(1).standard_normal(2000)
    grid = np.r_[np.linspace(-10, 10, 501), 1e3, 1e6, 1e300]
    z = _scores(reference, grid)[:, 0]
    assert (np.diff(z) >= 0).all() and np.isfinite(z).all()
    assert np.abs(z[np.abs(grid) < 6] - grid[np.abs(grid) < 6]).max() < 1.5
    assert z[-3] > 12 and z[-2] > z[-3] and z[-1] < 1000


def test_beyond_a_heap_at_the_end_is_surprising():
    counts = np.random.default_rng(2).poisson(1.0, 3000)
    z = _scores(counts, [-1, 0, 1, 500], "count")[:, 0]
    assert z[0] < -3 and -1.5 < z[1] < z[2] and z[3] > 8


def test_missing_values_have_an_indicator_where_the_reference_misses_some():
    reference = np.random.default_rng(3).standard_normal(1000)
    reference[:50] = np.nan
    encoder = Gaussianiser().fit(_one(reference))
    assert encoder.outputs_ == ("c", "c")
    z = encoder.transform(_one([np.nan, 0.5]))
    assert z[0, 0] == 0 and z[0, 1] > 1.5 > 0 > z[1, 1] - 0.1
    never = _scores(reference[50:], [np.nan, 0.0])
    assert never.shape == (2, 1) and never[0, 0] > 3.5


def test_rarer_levels_score_higher_and_unseen_ones_highest():
    reference = np.repeat([0.0, 1, 2], [600, 390, 10])
    z = _scores(reference, [0, 1, 2, 3, np.nan], "category", "abcd")[:, 0]
    assert (np.diff(z[:4]) > 0).all() and z[3] == z[4] and 3 < z[3] < 6


def test_skips_what_has_no_law():
    columns = {
        "id": Column("id", "id", np.arange(30.0)),
        "same": Column("same", "numeric", np.ones(30)),
        "empty": Column("empty", "numeric", np.full(30, np.nan)),
        "day": Column("day", "datetime", np.arange(30.0)),
        "x": Column("x", "numeric", np.arange(30.0)),
    }
    encoder = Gaussianiser().fit(Table(columns, 30, rows=np.arange(30)))
    assert encoder.outputs_ == ("x",)


@pytest.mark.parametrize("power", [1, 2, 8])
def test_table_look_up_agrees_with_the_search(power):
    reference = np.random.default_rng(4).standard_normal(3000)
    reference = np.sign(reference) * np.abs(reference) ** power
    score = Gaussianiser().fit(_one(reference))._maps[0][1]
    assert (score.table is None) == (power == 8)
    slow = np.interp(reference, score.knots, score.scores)
    assert np.abs(score._inside(reference) - slow).max() < 0.05
