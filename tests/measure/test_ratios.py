"""Density ratios against closed forms, exact inversion and the likelihood's own optimum."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from ecotone.contracts import BadInput
from ecotone.measure.ratios import BBSE, MLLS, ULSIF, ClassifierRatio, ReTaSA, effective_sample_size
from ecotone.measure.ratios._retasa import tikhonov
from ecotone.measure.ratios._ulsif import leave_one_out

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


@pytest.mark.parametrize("current", [P, Q])
def test_joint_intervals_of_the_change_of_shares_cover(current):
    """Also where nothing changed, and then no narrower than the spread of the reference's own shares asks for."""
    rng = np.random.default_rng(5)

    def draw(prior, n):
        y = rng.choice(3, n, p=prior)
        return y, np.eye(3)[(rng.random(n)[:, None] > C.T[y].cumsum(1)).sum(1)]

    cover, change, error = [], [], []
    for _ in range(300):
        (y, f), (_, g) = draw(P, 400), draw(current, 400)
        fitted = BBSE(soft=False).fit(f, y, g)
        low, high = fitted.change_interval(0.9).T
        cover.append(((low <= current - P) & (current - P <= high)).all())
        change.append(fitted.current_priors_ - fitted.reference_priors_)
        error.append(np.diag(fitted.change_covariance_))
    assert 0.86 <= np.mean(cover) <= 0.98
    np.testing.assert_allclose(np.sqrt(np.mean(error, 0)), np.std(change, 0), rtol=0.15)


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


@pytest.mark.oracle("ULSIF")
def test_ulsif_gaussian_shift():
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((4000, 1)), rng.normal(0.7, 1, (4000, 1))
    at = np.linspace(-1.5, 2, 50)[:, None]  # kernels at the current rows can not follow the ratio into the tail
    true = np.exp(0.7 * at[:, 0] - 0.245)
    np.testing.assert_allclose(ULSIF().fit(x, z).predict(at), true, atol=0.12 * true.max())


@pytest.mark.oracle("ULSIF")
@pytest.mark.parametrize(("n", "m"), [(12, 9), (9, 12)])
def test_ulsif_leave_one_out_equals_refits(n, m):
    rng = np.random.default_rng(0)
    f, g, pairs = rng.random((n, 4)), rng.random((m, 4)), np.arange(min(n, m))

    def error(i, penalty):
        rest = np.delete(f, i, 0)
        h = np.delete(g, i, 0).mean(0)
        alpha = np.maximum(np.linalg.solve(rest.T @ rest / (n - 1) + penalty * np.eye(4), h), 0)
        return (f[i] @ alpha) ** 2 / 2 - g[i] @ alpha

    for penalty in (0.01, 1.0):
        exact = np.mean([error(i, penalty) for i in pairs])
        assert leave_one_out(f, g, penalty, pairs, pairs) == pytest.approx(exact, rel=1e-10)


def test_ulsif_chooses_what_leaves_least_error_and_does_not_mind_units():
    rng = np.random.default_rng(1)
    x, z = rng.standard_normal((300, 2)), rng.normal([1, 0], 1, (250, 2))
    ratio = ULSIF().fit(x, z)
    assert ratio.scores_[ratio.sigma_, ratio.penalty_] == min(ratio.scores_.values()) and len(ratio.scores_) > 20
    fixed = ULSIF(sigma=ratio.sigma_, penalty=ratio.penalty_).fit(x, z)
    np.testing.assert_allclose(fixed.predict(x), ratio.predict(x))
    unit = np.array([1e3, 1e-3])
    np.testing.assert_allclose(ULSIF().fit(x * unit, z * unit).predict(x * unit), ratio.predict(x))
    with pytest.raises(BadInput, match="above 0"):
        ULSIF(sigma=-1.0).fit(x, z)


def _regularised(y, m, r, alpha, terms=40):
    """The regularised solution for standard normal X, Y with correlation r and a target moved by m."""
    k = np.arange(1, terms)
    size = m**k / special.factorial(k) * r ** (2 * k) / (alpha + r ** (2 * k))
    return special.eval_hermitenorm(k, np.asarray(y)[:, None]) @ size


@pytest.mark.oracle("ReTaSA")
def test_retasa_solves_the_bivariate_normal_equation():
    """With the exact conditional means on a grid: Hermite polynomials are the operators' eigenfunctions."""
    grid, r, m, alpha = np.linspace(-9, 9, 401), 0.8, 0.6, 0.05
    given = stats.norm.pdf(grid, r * grid[:, None], np.sqrt(1 - r**2))
    given /= given.sum(1, keepdims=True)
    rho = tikhonov(given, given, np.exp(m * r * grid - (m * r) ** 2 / 2) - 1, alpha)
    inside = np.abs(grid) < 3
    np.testing.assert_allclose(rho[inside], _regularised(grid[inside], m, r, alpha), atol=1e-6)
    assert _regularised([1.0], m, r, 1e-12)[0] + 1 == pytest.approx(np.exp(m - m**2 / 2), abs=1e-6)


@pytest.mark.oracle("ReTaSA")
def test_retasa_estimates_it_from_rows():
    rng, r, m, n = np.random.default_rng(0), 0.9, 0.6, 1500
    y, now = rng.standard_normal(n), rng.normal(m, 1, n)
    x, x_now = (r * v + np.sqrt(1 - r**2) * rng.standard_normal(n) for v in (y, now))
    at = np.linspace(-1.5, 1.5, 13)
    found = ReTaSA(alpha=0.05).fit(x, y, x_now).predict(at)
    np.testing.assert_allclose(found, 1 + _regularised(at, m, r, 0.05), atol=0.2)
    huge = ReTaSA(alpha=1e6).fit(x, y, x_now).predict(at)
    np.testing.assert_allclose(huge, 1, atol=1e-4)


@pytest.mark.oracle("ReTaSA")
def test_retasa_equals_bbse_for_discrete_data():
    _, y, _, x, x_current = _discrete(4, 900)
    bbse = BBSE(soft=False).fit(np.eye(3)[x], y, np.eye(3)[x_current])
    points = ReTaSA(alpha=1e-7, bandwidth_x=1e-3, bandwidth_y=1e-3).fit(x, y, x_current)  # kernels tell equal from not
    np.testing.assert_allclose(points.predict([0, 1, 2]), bbse.weights_, rtol=1e-4)


def test_retasa_wants_few_columns_and_samples_large_tables():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 4)), rng.standard_normal(50)
    with pytest.raises(BadInput, match="prediction as the one column"):
        ReTaSA().fit(x, y, x)
    assert len(ReTaSA(max_rows=20).fit(x[:, :2], y, x[:, :2]).rho_) == 20
