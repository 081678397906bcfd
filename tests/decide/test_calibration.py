"""Calibrators against hand-written algorithms, independent optimisers and an exact coverage law."""

import numpy as np
import pytest
from chance import most
from scipy import optimize, special, stats
from sklearn.linear_model import LogisticRegression

from ecotone.contracts import BadInput
from ecotone.decide.calibration import (
    CRUDE,
    IsotonicCalibration,
    PlattScaling,
    TemperatureScaling,
    calibration_error,
)
from ecotone.decide.calibration._calibration_error import _after, _error, _pvalue


def _pava(y):
    blocks = []
    for v in y:
        blocks.append([v, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    return np.concatenate([[v] * n for v, n in blocks])


def _overconfident(n, k, temperature, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((n, k)) * 1.5
    true = special.softmax(logits, axis=1)
    y = (rng.random(n)[:, None] > true.cumsum(1)).sum(1)
    return special.softmax(logits * temperature, axis=1), y, true


@pytest.mark.oracle("IsotonicCalibration")
def test_isotonic_is_pooling_of_adjacent_violators():
    rng = np.random.default_rng(0)
    p = np.sort(rng.random(200))
    y = (rng.random(200) < p**2).astype(int)
    np.testing.assert_allclose(IsotonicCalibration().fit(p, y).predict(p), _pava(y.astype(float)), atol=1e-12)


@pytest.mark.oracle("PlattScaling")
def test_platt_is_unpenalised_logistic_regression_on_log_odds():
    p, y, _ = _overconfident(2000, 2, 2.0)
    z = special.logit(p[:, 1])
    loss = lambda ab: np.mean(np.logaddexp(0, ab[0] + ab[1] * z) - y * (ab[0] + ab[1] * z))  # noqa: E731
    a, b = optimize.minimize(loss, [0.0, 1.0], tol=1e-10).x
    fitted = PlattScaling().fit(p[:, 1], y)
    np.testing.assert_allclose(fitted.predict(p[:, 1]), special.expit(a + b * z), atol=2e-4)
    same = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(z[:, None], y).predict_proba(z[:, None])[:, 1]
    np.testing.assert_allclose(fitted.predict(p[:, 1]), same, atol=1e-4)


@pytest.mark.oracle("PlattScaling")
def test_platt_takes_probabilities_of_0_and_1_as_a_little_less_than_sure():
    p, y = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0]), np.array([0, 1, 0, 1, 0, 1, 1])
    fitted, inner = PlattScaling().fit(p, y), np.clip(p, 1e-12, 1 - 1e-12)
    assert np.isfinite(fitted.predict(p)).all()
    np.testing.assert_allclose(fitted.predict(p), PlattScaling().fit(inner, y).predict(inner), atol=1e-6)
    np.testing.assert_allclose(fitted.predict([0.0, 1.0]), fitted.predict([1e-14, 1 - 1e-14]), atol=1e-12)


@pytest.mark.oracle("TemperatureScaling")
@pytest.mark.parametrize("k", [2, 5])
def test_temperature_is_the_minimum_of_the_log_loss(k):
    p, y, true = _overconfident(5000, k, 2.5)
    loss = lambda t: -special.log_softmax(np.log(p) / t, axis=1)[np.arange(len(y)), y].mean()  # noqa: E731
    best = optimize.minimize_scalar(loss, bounds=(0.1, 20), method="bounded", options={"xatol": 1e-9}).x
    fitted = TemperatureScaling().fit(p, y)
    assert fitted.temperature_ == pytest.approx(best, rel=1e-5) and abs(fitted.temperature_ - 2.5) < 0.15
    np.testing.assert_allclose(fitted.predict(p), true, atol=0.03)


@pytest.mark.oracle("CRUDE")
def test_crude_coverage_is_beta():
    rng = np.random.default_rng(0)
    n, p = 95, 0.9
    k = int(p * n) + 1
    cover = [
        stats.t(3).cdf(CRUDE().fit(np.zeros(n), np.ones(n), rng.standard_t(3, n)).quantile([0.0], [1.0], p)[0])
        for _ in range(2000)
    ]
    assert stats.kstest(cover, stats.beta(k, n + 1 - k).cdf).pvalue > 0.01
    assert stats.kstest(cover, stats.beta(k + 1, n - k).cdf).pvalue < 1e-3, "the matching order statistic only"


@pytest.mark.oracle("CRUDE")
def test_crude_by_hand():
    crude = CRUDE().fit([1.0, 1, 1, 1, 1], [2.0, 2, 2, 2, 2], [1.0, 3, -1, 7, 5])  # z = 0, 1, -1, 3, 2
    np.testing.assert_array_equal(crude.quantile([10.0], [2.0], [0, 0.2, 0.6, 0.99, 1]), [[8, 10, 14, 16, 16]])
    assert crude.cdf([10.0], [2.0], [12.0])[0] == pytest.approx(0.6)
    assert crude.mean([10.0], [2.0])[0] == pytest.approx(12)
    assert crude.variance([10.0], [2.0])[0] == pytest.approx(8)
    with pytest.raises(BadInput, match="standard deviation"):
        CRUDE().fit([1.0], [0.0], [1.0])


def test_bad_probabilities_are_named():
    with pytest.raises(BadInput, match=r"row 1 sums to 1\.2"):
        PlattScaling().fit([[0.5, 0.5], [0.6, 0.6]], [0, 1])
    with pytest.raises(BadInput, match="1 classes for 2"):
        PlattScaling().fit([0.5, 0.5], [0, 0])


def test_calibration_pvalue_keeps_its_level_in_small_samples():
    rng = np.random.default_rng(0)
    found = []
    for seed in range(400):
        p = rng.beta(0.5, 3, 80)
        found.append(_pvalue(p, rng.random(80) < p, 6, np.random.default_rng(seed)))
    for alpha in (0.01, 0.05, 0.2, 0.5):
        assert np.sum(np.array(found) <= alpha) <= most(400, alpha)  # benchmarks/levels, calibration_error
    assert min(found) >= 0.001 and np.mean(np.array(found) <= 0.5) > 0.35, "valid, and not wasteful"


@pytest.mark.parametrize("k", [2, 4])
def test_calibration_error_of_the_top_label_is_its_gap(k):
    """An over-confident model: the error against the mean gap to the true probability of the label chosen."""
    said, y, true = _overconfident(20_000, k, 2.5)
    top = said.argmax(1)
    rows = np.arange(len(y))
    truth = np.abs(said[rows, top] - true[rows, top]).mean()
    found = calibration_error(said, y)
    assert found.error == pytest.approx(truth, abs=0.015) and found.pvalue == 0.001
    assert found.after < 0.02 < found.error and found.rows == 20_000
    if k == 2:
        vector = calibration_error(said[:, 1], y)
        assert vector.error == pytest.approx(found.error, abs=0.015) and vector.pvalue == 0.001


def test_calibration_error_by_hand_and_debiased():
    p, came = np.array([0.2] * 10 + [0.8] * 10), np.array([True] * 5 + [False] * 5 + [True] * 8 + [False] * 2)
    sd = 0.5 / 3, 0.4 / 3  # gaps .3 and 0
    bias = [stats.foldnorm(0.3 / sd[0], scale=sd[0]).mean(), stats.foldnorm(0, scale=sd[1]).mean()]
    assert _error(p, came, 2) == pytest.approx((2 * 0.3 - bias[0] - bias[1]) / 2)
    rng = np.random.default_rng(0)
    plain, corrected = [], []
    for _ in range(100):
        p = np.repeat([0.3, 0.6, 0.9], 100)
        came = rng.random(300) < p - 0.1
        plain.append(np.abs((p - came).reshape(3, 100).mean(1)).mean())
        corrected.append(_error(p, came, 3))
        p0 = rng.random(300)
        same = rng.random(300) < p0
        plain[-1] += np.abs((p0 - same)[np.argsort(p0)].reshape(15, 20).mean(1)).mean()
        corrected[-1] += _error(p0, same, 15)
    assert abs(np.mean(corrected) - 0.1) < 0.6 * abs(np.mean(plain) - 0.1)


def test_calibration_error_wants_codes_and_says_where_rows_are_too_few():
    with pytest.raises(BadInput, match="codes from 0 to 1"):
        calibration_error([0.5, 0.5], ["yes", "no"])
    with pytest.raises(BadInput, match="codes from 0 to 1"):
        calibration_error([0.5, 0.5], [0, 2])
    assert calibration_error([0.5, 0.5, 0.5], [0, 1, 0]).after is None


def test_what_recalibration_leaves_is_told_on_rows_that_did_not_fit_it():
    rng = np.random.default_rng(0)
    left, own = [], []
    for seed in range(10):
        p = rng.random(1000)
        came = rng.random(1000) < p**2
        left.append(_after(p, came, 15, np.random.default_rng(seed)))
        own.append(_error(IsotonicCalibration().fit(p, came).predict(p), came, 15))
    assert np.mean(left) > 2 * np.mean(own) + 0.003
