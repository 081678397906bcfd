"""Detectors on rows against closed forms, brute force and scikit-learn's own numbers."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp
from sklearn.covariance import LedoitWolf

from ecotone.contracts import BadInput
from ecotone.detect.anomaly import DTE, GaussianMixtureDensity, IsolationForestScore, KNNDistance, ShrunkMahalanobis
from ecotone.detect.anomaly._foreign_component import foreign_score


@pytest.fixture
def rows():
    return np.random.default_rng(0).standard_normal((300, 4)) @ np.random.default_rng(1).standard_normal((4, 4))


@pytest.mark.oracle("ShrunkMahalanobis")
def test_mahalanobis_is_the_quadratic_form_in_the_shrunk_covariance(rows):
    expected = -LedoitWolf().fit(rows).mahalanobis(rows[:20])
    np.testing.assert_allclose(ShrunkMahalanobis().fit(rows).score_samples(rows[:20]), expected, rtol=1e-9)


@pytest.mark.oracle("GaussianMixtureDensity")
def test_mixture_density_equals_the_sum_of_its_components(rows):
    two = np.vstack([rows, rows + 12])
    model = GaussianMixtureDensity().fit(two)
    assert len(model.weights_) > 1
    assert model.weights_.sum() == pytest.approx(1)
    covariances = [np.linalg.inv(w @ w.T) for w in model.whiteners_]
    parts = [
        np.log(w) + stats.multivariate_normal(m, c).logpdf(two[:30])
        for w, m, c in zip(model.weights_, model.means_, covariances)
    ]
    np.testing.assert_allclose(model.score_samples(two[:30]), logsumexp(parts, axis=0), rtol=1e-8)


@pytest.mark.oracle("GaussianMixtureDensity")
def test_mixture_approaches_the_true_density():
    rng = np.random.default_rng(2)
    x = np.r_[rng.normal(-3, 1, 4000), rng.normal(3, 0.5, 4000)][:, None]
    grid = np.linspace(-6, 5, 45)
    truth = 0.5 * stats.norm.pdf(grid, -3) + 0.5 * stats.norm.pdf(grid, 3, 0.5)
    found = np.exp(GaussianMixtureDensity().fit(x).score_samples(grid[:, None]))
    assert np.abs(found - truth).max() < 0.03


def test_contributions_are_the_drop_at_the_conditional_mean(rows):
    model = GaussianMixtureDensity(max_components=1).fit(rows)
    x = rows[:1] + np.array([[4.0, 0, 0, 0]])
    covariance = np.linalg.inv(model.whiteners_[0] @ model.whiteners_[0].T)
    others = [0, 1, 3]
    mean = model.means_[0][2] + covariance[2, others] @ np.linalg.solve(
        covariance[np.ix_(others, others)], x[0, others] - model.means_[0][others]
    )
    replaced = x.copy()
    replaced[0, 2] = mean
    drop = model.score_samples(replaced) - model.score_samples(x)
    np.testing.assert_allclose(model.contributions(x)[0, 2], drop[0], rtol=1e-7)


def test_mixture_takes_as_many_columns_as_rows():
    x = np.random.default_rng(3).standard_normal((120, 200))
    assert np.isfinite(GaussianMixtureDensity().fit(x).score_samples(x)).all()


@pytest.mark.oracle("KNNDistance")
def test_knn_equals_sorted_distances(rows):
    new = rows[:10] + 0.5
    sorted_ = np.sort(np.linalg.norm(new[:, None] - rows[None], axis=2), axis=1)[:, :7]
    np.testing.assert_allclose(KNNDistance(k=7).fit(rows).score_samples(new), -sorted_[:, -1])
    np.testing.assert_allclose(KNNDistance(k=7, method="mean").fit(rows).score_samples(new), -sorted_.mean(1))


def test_knn_names_a_bad_method(rows):
    with pytest.raises(BadInput, match="'median'"):
        KNNDistance(method="median").fit(rows)


def _mean_depth(size):
    """Liu et al.'s c(n): the mean depth of a failed search in a random search tree."""
    return 0.0 if size < 2 else 1.0 if size == 2 else 2 * (np.log(size - 1) + np.euler_gamma) - 2 * (size - 1) / size


def _depth(tree, row):
    node, depth = 0, 0
    while tree.children_left[node] >= 0:
        below = np.float32(row[tree.feature[node]]) <= tree.threshold[node]
        node, depth = (tree.children_left if below else tree.children_right)[node], depth + 1
    return depth + _mean_depth(tree.n_node_samples[node])


@pytest.mark.oracle("IsolationForestScore")
@pytest.mark.parametrize(("size", "grown"), [(64, 64), (1000, 300)])
def test_isolation_forest_is_the_papers_score_of_depths_walked_here(rows, size, grown):
    model = IsolationForestScore(trees=9, rows=size, random_state=4).fit(rows)
    trees = [part.tree_ for part in model.forest_.estimators_]
    assert len(trees) == 9 and {int(tree.n_node_samples[0]) for tree in trees} == {grown}
    assert max(tree.max_depth for tree in trees) == np.ceil(np.log2(grown)), "trees end at the mean depth"
    new = np.vstack([rows[:20], 3 * rows[:20]])
    depth = np.mean([[_depth(tree, row) for tree in trees] for row in new], axis=1)
    np.testing.assert_allclose(model.score_samples(new), -(2 ** (-depth / _mean_depth(grown))), rtol=1e-6)
    other = IsolationForestScore(trees=9, rows=size, random_state=5).fit(rows).score_samples(new)
    assert not np.array_equal(other, model.score_samples(new)), "the seed is used"


@pytest.mark.oracle("DTE")
def test_exact_posterior_equals_brute_force(rows):
    model = DTE(mode="exact").fit(rows)
    z, new = (rows - rows.mean(0)) / rows.std(0), (rows[:3] + 1 - rows.mean(0)) / rows.std(0)
    brute = np.array(
        [[sum(stats.multivariate_normal(r, v).pdf(x) for r in z) for v in model.variances_[::60]] for x in new]
    )
    found = model.posterior(rows[:3] + 1)[:, ::60]
    np.testing.assert_allclose(found / found.sum(1, keepdims=True), brute / brute.sum(1, keepdims=True), rtol=1e-7)


@pytest.mark.oracle("DTE")
def test_neighbour_form_ranks_by_the_mean_squared_distance_and_peaks_there(rows):
    model, new = DTE(k=5).fit(rows), rows[:40] + 0.3
    z, w = (rows - rows.mean(0)) / rows.std(0), (new - rows.mean(0)) / rows.std(0)
    m = (np.sort(np.linalg.norm(w[:, None] - z[None], axis=2), axis=1)[:, :5] ** 2).mean(1)
    np.testing.assert_allclose(model.score_samples(new), -m / 4)
    inside = (m / 4 > model.variances_[0]) & (m / 4 < model.variances_[-1])
    mode = model.variances_[model.posterior(new).argmax(1)]
    at = np.clip(np.searchsorted(model.variances_, m / 4), 1, 299)
    step = model.variances_[at] - model.variances_[at - 1]
    assert inside.sum() > 20 and (np.abs(mode - m / 4)[inside] <= step[inside]).all()


def test_learned_form_orders_by_distance():
    x = np.random.default_rng(5).standard_normal((300, 2)) * 0.2 + np.array([[1.0, -1.0]])
    model = DTE(mode="learned", hidden=(32, 32), epochs=60, learning_rate=3e-3).fit(x)
    steps = x.mean(0) + np.array([[0.0, 0.0], [0.7, 0.0], [1.4, 0.0]])
    assert (np.diff(model.score_samples(steps)) < 0).all()
    assert model.posterior(steps).shape == (3, 7)


def test_dte_names_a_bad_mode(rows):
    with pytest.raises(BadInput, match="'ddpm'"):
        DTE(mode="ddpm").fit(rows)


def test_foreign_score_finds_a_group_that_no_density_sees_and_treats_rows_alike():
    rng = np.random.default_rng(6)
    z = rng.standard_normal((2000, 60))
    z[:80] = 0.7 * z[:80] + 6 * np.ones(60) / np.sqrt(60)  # squared norm about 65, as of the others
    typical = -(z**2).sum(1)
    score = foreign_score(z, np.zeros(60), np.eye(60), typical, np.ones(2000, bool))
    assert (np.argsort(score)[:80] < 80).mean() > 0.95
    assert (np.argsort(typical)[:80] < 80).mean() < 0.3
    mixed = rng.permutation(2000)
    again = foreign_score(z[mixed], np.zeros(60), np.eye(60), typical[mixed], np.ones(2000, bool))
    np.testing.assert_allclose(again, score[mixed], rtol=1e-5, atol=1e-4)
