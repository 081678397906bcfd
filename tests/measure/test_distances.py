"""Distances against scipy, POT, closed forms and brute force."""

import itertools

import numpy as np
import ot
import pytest
from scipy import stats
from sklearn.metrics.pairwise import rbf_kernel

from ecotone.contracts import BadInput
from ecotone.measure import nearest_neighbours
from ecotone.measure.distances import (
    energy_distance,
    gaussian_wasserstein,
    kolmogorov_smirnov,
    maximum_mean_discrepancy,
    sliced_wasserstein,
    wasserstein_1d,
)


@pytest.mark.oracle("kolmogorov_smirnov")
@pytest.mark.parametrize("ties", [False, True])
def test_kolmogorov_smirnov_is_scipy_by_column(ties):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((70, 4)), rng.standard_normal((45, 4)) + np.array([0, 0.3, 0, 0])
    if ties:
        x, y = np.round(x), np.round(y)
    each = [stats.ks_2samp(x[:, j], y[:, j]).statistic for j in range(4)]
    assert kolmogorov_smirnov(x, y) == pytest.approx(max(each), abs=1e-12)


def test_kolmogorov_smirnov_of_one_value_is_zero():
    assert kolmogorov_smirnov(np.ones((5, 2)), np.ones((3, 2))) == 0
    assert kolmogorov_smirnov(np.zeros((5, 1)), np.ones((3, 1))) == 1


@pytest.mark.oracle("wasserstein_1d")
def test_wasserstein_1d_is_scipy_and_pot():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((30, 3)), rng.standard_normal((47, 3)) + 0.5
    each = [stats.wasserstein_distance(x[:, j], y[:, j]) for j in range(3)]
    assert wasserstein_1d(x, y) == pytest.approx(max(each))
    a, b = x[:, :1], y[:, :1]
    for p in (1, 2, 3):
        assert wasserstein_1d(a, b, p=p) ** p == pytest.approx(ot.emd2([], [], ot.dist(a, b, "minkowski", p=1) ** p))


@pytest.mark.oracle("wasserstein_1d")
@pytest.mark.oracle("sliced_wasserstein")
def test_normal_laws_in_closed_form():
    q = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)[:, None]
    exact = gaussian_wasserstein([0.0], [[1.0]], [1.0], [[4.0]])
    assert exact == pytest.approx(np.sqrt(2))
    assert wasserstein_1d(q, 1 + 2 * q, p=2) == pytest.approx(exact, rel=1e-3)
    assert sliced_wasserstein(q, 1 + 2 * q) == pytest.approx(exact, rel=1e-3)


@pytest.mark.oracle("sliced_wasserstein")
def test_sliced_wasserstein_of_a_shift_and_pot():
    rng = np.random.default_rng(2)
    x, shift = rng.standard_normal((50, 3)), np.array([1.0, -2.0, 0.5])
    # every projection is moved by <theta, shift>, whose mean square is |shift|^2 / d
    assert sliced_wasserstein(x, x + shift, projections=40_000) == pytest.approx(np.sqrt((shift @ shift) / 3), rel=0.02)
    y = rng.standard_normal((35, 3))
    ours = sliced_wasserstein(x, y, projections=5000)
    assert ours == pytest.approx(ot.sliced_wasserstein_distance(x, y, n_projections=5000, seed=3), rel=0.03)


@pytest.mark.oracle("maximum_mean_discrepancy")
def test_maximum_mean_discrepancy_is_the_kernel_sums():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((40, 2)) + 1e4, rng.standard_normal((60, 2)) * 1.5 + 1e4
    pooled = np.concatenate([x, y])
    h = np.median([np.linalg.norm(a - b) for a, b in itertools.combinations(pooled, 2)])
    for given, width in ((None, h), (0.7, 0.7)):
        k = rbf_kernel(pooled - 1e4, gamma=1 / (2 * width**2))
        w = np.concatenate([np.full(40, 1 / 40), np.full(60, -1 / 60)])
        assert maximum_mean_discrepancy(x, y, bandwidth=given) == pytest.approx(np.sqrt(w @ k @ w), rel=1e-6)


@pytest.mark.oracle("maximum_mean_discrepancy")
def test_maximum_mean_discrepancy_of_normal_laws_and_its_features():
    q = np.stack(np.meshgrid(*[stats.norm.ppf((np.arange(35) + 0.5) / 35)] * 2), axis=-1).reshape(-1, 2)
    move, d = np.array([1.0, 0.0]), 2
    same = 3 ** (-d / 2)  # E k for two standard normal points and h = 1
    exact = np.sqrt(2 * same * (1 - np.exp(-(move @ move) / (2 * 3))))
    assert maximum_mean_discrepancy(q, q + move, bandwidth=1.0) == pytest.approx(exact, rel=0.01)
    many = [maximum_mean_discrepancy(q, q + move, 1.0, random_features=1500, seed=s) ** 2 for s in range(5)]
    assert np.mean(many) == pytest.approx(exact**2, rel=0.05)
    assert np.std(many) > 0


def test_distances_refuse_what_they_can_not_measure():
    x = np.zeros((4, 2))
    for distance in (kolmogorov_smirnov, wasserstein_1d, sliced_wasserstein, maximum_mean_discrepancy, energy_distance):
        with pytest.raises(BadInput, match="NaN"):
            distance(x, x + np.nan)
        with pytest.raises(BadInput, match="dtype"):
            distance(x, x.astype(int))
    for call in (
        lambda: wasserstein_1d(x, x, p=0.5),
        lambda: sliced_wasserstein(x, x, projections=0),
        lambda: maximum_mean_discrepancy(x, x, bandwidth=0.0),
        lambda: maximum_mean_discrepancy(x, x, random_features=0),
    ):
        with pytest.raises(BadInput):
            call()
    assert maximum_mean_discrepancy(x, x) == 0


def test_gaussian_wasserstein_is_the_known_cases():
    rng = np.random.default_rng(4)
    a, b = (m @ m.T for m in rng.standard_normal((2, 4, 4)))
    lam, mu = ot.gaussian.bures_wasserstein_distance(np.zeros(4), np.ones(4), a, b), np.ones(4)
    assert gaussian_wasserstein(np.zeros(4), a, mu, b) == pytest.approx(float(lam))
    assert gaussian_wasserstein(mu, 0 * a, mu, 0 * a) == 0
    for bad in ((mu, a, mu[:3], b), (mu, a, mu, b[:3, :3]), (mu, a, mu, -b), (mu, a, mu, np.triu(b))):
        with pytest.raises(BadInput):
            gaussian_wasserstein(*bad)


def test_neighbours_are_brute_force_and_exclude_the_row_itself():
    rng = np.random.default_rng(5)
    x, q = rng.standard_normal((60, 3)), rng.standard_normal((20, 3))
    d, i = nearest_neighbours(x, q, k=4)
    gaps = np.linalg.norm(q[:, None] - x[None], axis=2)
    assert d == pytest.approx(np.sort(gaps, axis=1)[:, :4]) and (i == np.argsort(gaps, axis=1)[:, :4]).all()
    for seed in (None, 7):
        d, i = nearest_neighbours(x, k=5, seed=seed)
        gaps = np.linalg.norm(x[:, None] - x[None], axis=2) + np.diag(np.full(60, np.inf))
        assert (i == np.argsort(gaps, axis=1)[:, :5]).all()
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert (nearest_neighbours(x, k=5, normalise=True)[1] == nearest_neighbours(unit, k=5)[1]).all()
    assert (nearest_neighbours(x, k=5, metric="cosine")[1] == nearest_neighbours(unit, k=5)[1]).all()


def test_neighbours_break_ties_at_random():
    x = np.zeros((30, 2))
    first, second = (nearest_neighbours(x, k=3, seed=s)[1] for s in (0, 1))
    assert (first != second).any() and all(j not in row for j, row in enumerate(first))
    counts = np.zeros(30)
    for s in range(60):
        np.add.at(counts, nearest_neighbours(x, k=3, seed=s)[1].ravel(), 1)
    assert counts.min() > 60 and counts.max() < 360, "no position of the table may be preferred"
    for k in (0, 30):
        with pytest.raises(BadInput, match="k must lie between 1 and 29"):
            nearest_neighbours(x, k=k)
