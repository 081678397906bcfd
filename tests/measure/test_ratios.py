"""Density ratios against closed forms, exact inversion and the likelihood's own optimum."""

import numpy as np
import pytest
from scipy import optimize, stats

from ecotone.contracts import BadInput
from ecotone.measure.ratios import BBSE, MLLS, ClassifierRatio, effective_sample_size

C = np.array([[0.8, 0.15, 0.1], [0.1, 0.7, 0.2], [0.1, 0.15, 0.7]])  # p(predicted | class), columns sum to one
P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])


def _discrete(seed, n=4000):
    rng = np.random.default_rng(seed)

    def draw(prior):
        y = rng.choice(3, n, p=prior)
        return y, (rng.random(n)[:, None] > C.T[y].cumsum(1)).sum(1)

    y, x = draw(P)
    _, x_current = draw(Q)
    posterior = C * P / (C @ P)[:, None]  # p(class | predicted), calibrated
    return posterior[x], y, posterior[x_current], x, x_current


@pytest.mark.oracle("ClassifierRatio")
@pytest.mark.parametrize(("learner", "error"), [("trees", 0.33), ("logistic", 0.06)])
def test_gaussian_shift(learner, error):
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((5000, 2)), rng.normal([0.7, 0], 1, (5000, 2))
    ratio = ClassifierRatio(learner).fit(x, z)
    new = rng.standard_normal((5000, 2))
    for found, at in ((ratio.reference_weights_, x), (ratio.predict(new), new)):
        true = np.exp(0.7 * at[:, 0] - 0.245)
        assert np.sqrt(np.mean((found - true) ** 2)) < error * true.std() + 0.05
        assert found.mean() == pytest.approx(1, abs=0.05)


@pytest.mark.oracle("ClassifierRatio")
def test_discrete_ratio_is_the_ratio_of_frequencies():
    rng = np.random.default_rng(1)
    x = rng.choice(3, 6000, p=P).astype(float)[:, None]
    z = rng.choice(3, 3000, p=Q).astype(float)[:, None]
    for learner in ("trees", "logistic"):
        w = ClassifierRatio(learner, categorical_features=[True]).fit(x, z).predict([[0.0], [1.0], [2.0]])
        np.testing.assert_allclose(w, Q / P, rtol=0.12)


def test_nothing_changed_gives_weights_near_one_and_missing_values_are_allowed():
    rng = np.random.default_rng(2)
    x, z = rng.standard_normal((2, 2000, 10))
    x[::7, 3], z[::7, 3] = np.nan, np.nan
    w = ClassifierRatio().fit_predict_reference(x, z)
    assert effective_sample_size(w) > 0.97 * len(w) and w.mean() == pytest.approx(1)


def test_a_row_is_not_weighted_by_a_model_that_saw_it():
    x = np.repeat(np.arange(300.0), 2)[:, None]
    units = np.arange(300).repeat(2)
    ratio = ClassifierRatio(folds=5).fit(x, x + 0.1, units=(units, units))
    fold = ratio._folds(600, 0, (units, units))
    np.testing.assert_array_equal(fold[::2], fold[1::2])
    assert np.bincount(fold).tolist() == [120] * 5


def test_weights_are_truncated():
    rng = np.random.default_rng(3)
    x, z = rng.standard_normal((1000, 1)), rng.standard_normal((1000, 1)) + 6
    w = ClassifierRatio("logistic", max_weight=20).fit(x, z)
    assert w.predict([[8.0]])[0] == pytest.approx(20 * w.scale_)


@pytest.mark.oracle("BBSE")
def test_bbse_equals_the_inversion_of_the_table():
    _, y, _, x, x_current = _discrete(0)
    table = np.array([[np.mean((x == i) & (y == j)) for j in range(3)] for i in range(3)])
    mu = np.bincount(x_current) / len(x_current)
    w = BBSE(soft=False).fit(np.eye(3)[x], y, np.eye(3)[x_current])
    np.testing.assert_allclose(w.weights_, np.linalg.solve(table, mu), rtol=1e-10)
    assert w.reference_priors_ @ w.weights_ == pytest.approx(1)


@pytest.mark.oracle("MLLS")
def test_mlls_equals_a_general_optimiser():
    f, y, g, *_ = _discrete(1)
    w = MLLS().fit(f, y, g).weights_
    shares = f.mean(0)

    def loss(free):
        full = np.append(free, (1 - shares[:2] @ free) / shares[2])
        return -np.log(np.maximum(g @ full, 1e-9)).mean()

    best = optimize.minimize(loss, np.ones(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
    np.testing.assert_allclose(w[:2], best.x, atol=1e-4)


@pytest.mark.oracle("MLLS")
@pytest.mark.oracle("BBSE")
@pytest.mark.parametrize("method", [BBSE, MLLS])
def test_standard_errors_are_the_spread_over_samples(method):
    fits = [method().fit(*_discrete(s, 1500)[:3]) for s in range(150)]
    w = np.array([f.weights_ for f in fits])
    np.testing.assert_allclose(w.mean(0), Q / P, atol=4 * w.std(0).max() / np.sqrt(150))
    np.testing.assert_allclose(np.mean([f.standard_errors_ for f in fits], axis=0), w.std(0), rtol=0.2)
    inside = np.mean([(i[:, 0] <= Q / P) & (i[:, 1] >= Q / P) for i in (f.interval(0.9) for f in fits)])
    assert abs(inside - 0.9) < 0.06


def test_corrected_probabilities_are_bayes_under_the_new_shares():
    f, y, g, *_ = _discrete(2, 100_000)
    now = C * Q / (C @ Q)[:, None]
    posterior = C * P / (C @ P)[:, None]
    np.testing.assert_allclose(MLLS().fit(f, y, g).correct(posterior), now, atol=0.02)


def test_singular_confusion_is_refused_unless_regularised():
    y = np.tile([0, 1], 50)
    flat = np.full(100, 0.3)
    with pytest.raises(BadInput, match="singular"):
        BBSE().fit(flat, y, flat)
    np.testing.assert_allclose(BBSE(ridge=0.1).fit(flat, y, flat).weights_, 1)


def test_unknown_labels_and_classes_are_named():
    f, y, g, *_ = _discrete(3, 200)
    with pytest.raises(BadInput, match="label 7"):
        MLLS().fit(f, y, g).predict([0, 7])
    with pytest.raises(BadInput, match="2 classes for 3"):
        BBSE().fit(f, np.minimum(y, 1), g)


def test_effective_sample_size():
    assert effective_sample_size(np.ones(7)) == pytest.approx(7)
    assert effective_sample_size([1e200, 1e200]) == pytest.approx(2)
    w = np.exp(stats.norm(scale=0.5).rvs(200_000, random_state=0))
    assert effective_sample_size(w) / len(w) == pytest.approx(np.exp(-0.25), rel=0.02)
    with pytest.raises(BadInput):
        effective_sample_size([0.0, 0.0])
