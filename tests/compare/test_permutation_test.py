"""Any statistic as a two-sample test, against exhaustive enumeration and scipy's own permutations."""

import itertools

import numpy as np
import pytest
from scipy import stats

from ecotone.compare.two_sample import energy_test, ks_test, permutation_test
from ecotone.compare.two_sample._permutation_pvalues import as_extreme, upper_pvalue
from ecotone.compare.two_sample._relabel import pool
from ecotone.contracts import BadInput
from ecotone.measure.distances import energy_distance


def _gap(x, y):
    return abs(np.mean(x) - np.mean(y))


def _gaps(x, y, axis):
    return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis))


X, Y = np.array([0.1, 0.7, 0.2, 1.4, 0.7]), np.array([1.1, 2.0, 0.9, 1.4])


@pytest.mark.oracle("permutation_test")
@pytest.mark.parametrize("statistic", [_gap, _gaps, stats.energy_distance, stats.wasserstein_distance])
def test_pvalue_is_the_exhaustive_one_and_scipys(statistic):
    z, call = np.concatenate([X, Y]), (lambda a, b: statistic(a, b, axis=-1)) if statistic is _gaps else statistic
    splits = [np.isin(np.arange(9), chosen) for chosen in itertools.combinations(range(9), 5)]
    every = np.array([call(z[first], z[~first]) for first in splits])
    exact = np.mean(every >= every[0] - 1e-12)
    found = permutation_test(statistic, X, Y, permutations=125)
    assert found.pvalue == pytest.approx(exact, abs=1e-12) and found.statistic == pytest.approx(every[0])
    assert found.details == {"permutations": 125, "exhaustive": True}
    scipys = stats.permutation_test((X, Y), statistic, n_resamples=1000, alternative="greater")
    assert found.pvalue == pytest.approx(scipys.pvalue, abs=1e-12)
    drawn = permutation_test(statistic, X, Y, permutations=124)
    assert not drawn.details["exhaustive"] and drawn.pvalue == pytest.approx(exact, abs=0.15)


@pytest.mark.oracle("permutation_test")
def test_units_are_enumerated_whole_and_those_in_both_samples_swapped():
    units = np.array([0, 0, 1, 2, 2]), np.array([3, 4, 4, 2])  # of 2 there are rows in both samples
    z, of = np.concatenate([X, Y]), np.concatenate(units)
    home, every = np.arange(9) < 5, []
    for first, swap in itertools.product(itertools.combinations([0, 1, 3, 4], 2), (False, True)):
        labels = np.where(of == 2, home ^ swap, np.isin(of, first))
        every.append(_gap(z[labels], z[~labels]))
    exact = np.mean(np.array(every) >= every[0] - 1e-12)
    for statistic in (_gap, _gaps):  # samples of unequal sizes make no rectangle for the vectorised one
        found = permutation_test(statistic, X, Y, units=units)
        assert found.details["permutations"] == 11 and found.pvalue == pytest.approx(exact, abs=1e-12)


@pytest.mark.oracle("permutation_test")
def test_is_the_tests_of_the_list_with_their_statistics():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 1)), rng.standard_normal((25, 1)) + 0.4
    ours = permutation_test(energy_distance, x, y, seed=4)
    assert ours.pvalue == energy_test(x, y, seed=4, standardise=False).pvalue
    who = np.arange(30), np.arange(30, 55)
    by_ks = permutation_test(lambda a, b: stats.ks_2samp(a, b).statistic, x[:, 0], y[:, 0], seed=4)
    assert by_ks.pvalue == ks_test(x, y, seed=4, units=who).pvalue


def test_vectorised_and_not_are_one():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((40, 2)), rng.standard_normal((30, 2)) + 0.3

    def widest(a, b, axis=0):
        return np.abs(a.mean(axis=axis) - b.mean(axis=axis)).max(axis=-1)

    one, many = (permutation_test(widest, x, y, vectorized=how) for how in (False, True))
    assert one == many == permutation_test(widest, x, y)


def test_level_with_ties_and_stopping():
    rng = np.random.default_rng(2)
    for stop in (None, 5):
        p = []
        for seed in range(300):
            x, y = np.round(rng.standard_normal(14)), np.round(rng.standard_normal(20))
            p.append(permutation_test(_gaps, x, y, permutations=59, seed=seed, stop_after=stop).pvalue)
        for alpha in (0.05, 0.2, 0.5):
            assert np.mean(np.array(p) <= alpha) <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / 300)
        assert np.mean(np.array(p) <= 0.5) > 0.35, "the test spends its level"


def test_stopping_draws_less_and_says_so_but_never_stops_an_enumeration():
    rng = np.random.default_rng(3)
    same = permutation_test(_gap, rng.standard_normal(40), rng.standard_normal(40), permutations=5000, stop_after=10)
    assert 10 <= same.details["permutations"] < 1000 and same.pvalue > 0.01
    apart = permutation_test(_gap, rng.standard_normal(40), rng.standard_normal(40) + 9, stop_after=10)
    assert apart.pvalue == 1 / 1000
    assert permutation_test(_gap, X, Y, stop_after=1) == permutation_test(_gap, X, Y)


def test_rounding_is_a_tie_and_nan_counts_against_the_alarm():
    assert as_extreme(1.0, np.array([1 - 1e-13, 0.9, np.nan, 2.0])).tolist() == [True, False, True, True]
    assert upper_pvalue(1.0, np.array([0.0, np.nan, 0.5])) == 0.5
    assert upper_pvalue(3.0, np.array([0.0, np.inf])) == 2 / 3


@pytest.mark.parametrize(
    "units, others",
    [
        ((range(5), range(5, 9)), 125),  # 9 choose 5
        ((np.zeros(5), np.ones(4)), 1),  # all of x for all of y
        ((range(5), range(4)), 15),  # four units are in both samples: swapped or not
    ],
)
def test_few_labellings_are_counted_and_enumerated(units, others):
    made = pool(X, Y, units, 1)
    every = np.concatenate(list(made.relabellings(10_000, np.random.default_rng(0))))
    assert len(every) == len(np.unique(every, axis=0)) == others
    assert not (every == made.first).all(axis=1).any(), "the observed labelling is not among the others"
    assert made.has_few(others) and not made.has_few(others - 1)


@pytest.mark.parametrize(
    "statistic, words, match",
    [
        ("energy", {}, "callable"),
        (lambda x, y: np.array([1.0, 2.0]), {}, r"must give a number, got an array of shape \(2,\)"),
        (stats.ks_2samp, {}, r"take its \.statistic"),
        (lambda x, y: np.nan, {}, "NaN"),
        (_gap, {"stop_after": 0}, "stop_after"),
        (_gap, {"permutations": 2.5}, "permutations"),
        (lambda x, y, axis: 1.0, {}, "one number for each"),
    ],
)
def test_refusals(statistic, words, match):
    with pytest.raises(BadInput, match=match):
        permutation_test(statistic, X, Y, **words)
