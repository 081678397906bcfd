"""TransportExplanation against POT, exhaustive search, and Gaussian closed forms."""

from itertools import combinations, permutations

import numpy as np
import pytest

from ecotone.compare.explain import TransportExplanation
from ecotone.compare.explain._transport_explanation import _squared_wasserstein
from ecotone.contracts import BadInput


def _exact_normal(mean, std):
    """A sample whose moments are exact and whose columns are uncorrelated."""
    z = np.random.default_rng(0).standard_normal((400, len(mean)))
    z -= z.mean(0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T
    return z * std + mean


@pytest.mark.oracle("TransportExplanation")
def test_gaussian_parts_are_each_columns_share_of_the_squared_distance():
    x = _exact_normal(np.zeros(3), np.ones(3))
    y = _exact_normal(np.array([2.0, 0.0, -1.0]), np.array([1.0, 3.0, 0.5]))
    e = TransportExplanation("gaussian").fit(x, y).explain(["a", "b", "c"])
    np.testing.assert_allclose(list(e.parts.values()), [4.0, 4.0, 1.25], rtol=1e-6)
    assert e.total == pytest.approx(9.25) and e.details["features"][2] == "c"


@pytest.mark.oracle("TransportExplanation")
def test_gaussian_map_is_pots_and_reaches_the_other_moments():
    ot = pytest.importorskip("ot", reason="pip install POT to compare with it")
    rng = np.random.default_rng(1)
    x = rng.standard_normal((300, 3)) @ rng.standard_normal((3, 3))
    y = rng.standard_normal((200, 3)) @ rng.standard_normal((3, 3)) + 1
    moved = TransportExplanation("gaussian").fit(x, y).transform(x)
    np.testing.assert_allclose(moved.mean(0), y.mean(0), atol=1e-6)
    np.testing.assert_allclose(np.cov(moved.T, bias=True), np.cov(y.T, bias=True), atol=1e-5)
    x = (x - x.mean(0)) / x.std(0)  # standardisation changes which map is cheapest
    matrix, offset = ot.gaussian.empirical_bures_wasserstein_mapping(x, y, reg=1e-8)
    np.testing.assert_allclose(TransportExplanation("gaussian").fit(x, y).transform(x), x @ matrix + offset, atol=1e-4)


@pytest.mark.oracle("TransportExplanation")
def test_distance_and_coupling_by_enumeration_and_pot():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((6, 2)), rng.standard_normal((6, 2)) + 1
    x = (x - x.mean(0)) / x.std(0)
    best = min(np.mean(np.sum((x - y[list(p)]) ** 2, axis=1)) for p in permutations(range(6)))
    assert _squared_wasserstein(x, y) == pytest.approx(best)
    full = TransportExplanation("k_sparse", 2).fit(x, y)
    assert full.cost_ == pytest.approx(best) and full.percent_explained(x, y) == pytest.approx(100)
    ot = pytest.importorskip("ot", reason="pip install POT to compare with it")
    a, b = rng.standard_normal((50, 4)), rng.standard_normal((50, 4))
    assert _squared_wasserstein(a, b) == pytest.approx(ot.emd2([], [], ot.dist(a, b)), rel=1e-8)


@pytest.mark.oracle("TransportExplanation")
def test_kept_columns_leave_the_least_transport_undone():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((120, 5)), rng.standard_normal((120, 5)) * [1, 2, 1, 1, 1] + [0, 0, 1.5, 0, -1]
    x = (x - x.mean(0)) / x.std(0)
    z = TransportExplanation("k_sparse", 5).fit(x, y).transform(x)
    for k in (1, 2, 3):
        left = {c: np.sum(np.delete(z - x, c, axis=1) ** 2) for c in combinations(range(5), k)}
        assert tuple(sorted(TransportExplanation("k_sparse", k).fit(x, y).features_)) == min(left, key=left.get)


def test_clusters_recover_groups_that_moved_differently():
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1], 100)
    x = rng.normal(0, 0.3, (200, 2)) + np.array([[0, 0], [10, 10]])[group]
    y = x[rng.permutation(200)]
    y = y + np.where(y[:, :1] > 5, [2.0, 0.0], [0.0, -1.0])
    m = TransportExplanation("k_cluster", 2).fit(x, y)
    order = np.argsort(m.centers_[:, 0])
    np.testing.assert_allclose(m.shifts_[order], [[0, -1], [2, 0]], atol=1e-6)
    assert m.percent_explained(x, y) > 99
    one = TransportExplanation("k_cluster", 1).fit(x, y)
    np.testing.assert_allclose(one.transform(x) - x, np.tile(y.mean(0) - x.mean(0), (200, 1)), atol=1e-9)


def test_mean_map_moves_only_its_columns_by_the_mean():
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((2, 300, 4))
    y[:, 2] = 7 * y[:, 2] + 5
    m = TransportExplanation("k_sparse_mean", 1).fit(x, y)
    assert m.features_ == (2,)
    np.testing.assert_allclose(m.transform(x) - x, np.tile([0, 0, y[:, 2].mean() - x[:, 2].mean(), 0], (300, 1)))


def test_floor_separates_the_shift_from_the_samples_own_distance():
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal((2, 600, 8))
    y[:, 0] += 3
    m = TransportExplanation(k=1, max_rows=300).fit(x[:300], y[:300])
    plain = m.percent_explained(x[300:], y[300:])
    above = m.percent_explained(x[300:], y[300:], above_floor=True)
    assert plain < 85 < 95 < above < 105


def test_arguments():
    x = np.random.default_rng(7).standard_normal((20, 3))
    for words, match in (({"k": 0}, "k must lie"), ({"k": 4}, "k must lie"), ({"variant": "none"}, "variant must be")):
        with pytest.raises(BadInput, match=match):
            TransportExplanation(**words).fit(x, x + 1)
    with pytest.raises(BadInput, match="the map was fitted on 3"):
        TransportExplanation(k=1).fit(x, x + 1).transform(x[:, :2])
    with pytest.raises(BadInput, match="different names"):
        TransportExplanation(k=1).fit(x, x + 1).explain(["a", "a", "b"])
