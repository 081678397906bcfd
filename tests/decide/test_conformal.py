"""Conformal p-values: exhaustive small cases, uniformity, the Beta law, rates of the batch procedure."""

import itertools

import numpy as np
import pytest
from chance import most
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.decide.conformal import Calibrated, WeightedConformal, calibration_size


class Itself:
    """A score that is the first column."""

    def score_samples(self, X):
        return np.asarray(X, dtype=float)[:, 0]


def _judge(calibration, **how):
    return Calibrated(Itself()).calibrate(np.asarray(calibration, float)[:, None], **how)


def _p(judge, rows):
    return judge.pvalues(np.asarray(rows, float)[:, None])


@pytest.mark.oracle("Calibrated")
@pytest.mark.parametrize("values", [(1, 2, 3, 4, 5), (1, 1, 2, 2, 2), (7, 7, 7, 7, 7)])
def test_every_order_of_a_small_sample(values):
    """Over all orders, p is uniform on 1/5 … 1 without ties and super-uniform with them."""
    p = np.array([_p(_judge(order[:4]), order[4:])[0] for order in itertools.permutations(values)])
    for level in (0.2, 0.4, 0.6, 0.8, 1.0):
        rate = np.mean(p <= level + 1e-12)
        assert rate == pytest.approx(level) if len(set(values)) == 5 else rate <= level + 1e-12


@pytest.mark.oracle("Calibrated")
def test_rate_given_the_calibration_set_follows_the_beta_law():
    rng = np.random.default_rng(0)
    n, alpha = 59, 0.1  # six values count
    calibration = np.sort(rng.random((2000, n)), axis=1)
    least = np.array([_p(_judge(row), np.linspace(0, 1, 101)) <= alpha for row in calibration[:20]])
    # uniform scores: P(p <= alpha | calibration) is the sixth smallest value
    rates = calibration[:, int(alpha * (n + 1)) - 1]
    assert np.abs(least.mean(1) - rates[:20]).max() < 0.02
    assert stats.kstest(rates, stats.beta(6, n + 1 - 6).cdf).pvalue > 1e-3


def test_answers_do_not_depend_on_the_other_rows_and_ties_count():
    judge = _judge([1, 2, 2, 3])
    np.testing.assert_allclose(_p(judge, [0.5, 1, 2, 9]), [0.2, 0.4, 0.8, 1.0])
    rows = np.random.default_rng(1).normal(2, 1, (30, 1))
    whole = judge.predict(rows, alpha=0.3)
    assert whole.dtype == bool
    np.testing.assert_array_equal(judge.predict(rows[4:9], alpha=0.3), whole[4:9])
    assert judge.pvalues(rows[:0]).shape == (0,)


def test_rows_that_were_fitted_on_are_labelled():
    assert _judge([1, 2]).calibrated_ is True
    assert _judge([1, 2], held_out=False).calibrated_ is False


def test_rates_of_the_batch_procedure():
    """FDR with 10 % foreign rows, and the chance of naming anything when there are none, both at most fdr."""
    rng = np.random.default_rng(2)
    proportions, power, any_named = [], [], []
    for _ in range(400):
        judge = _judge(rng.standard_normal(500))
        rows = rng.standard_normal((200, 1))
        any_named.append(len(judge.select(rows, fdr=0.1)) > 0)
        rows[:20] -= 4
        named = judge.select(rows, fdr=0.1)
        proportions.append((named >= 20).mean() if len(named) else 0.0)
        power.append((named < 20).sum() / 20)
    assert np.mean(proportions) < 0.1 + 3 * np.std(proportions) / 20
    assert np.mean(power) > 0.8
    assert np.sum(any_named) <= most(400, 0.1)  # measured in benchmarks/levels, Calibrated_select


@pytest.mark.parametrize(
    ("m", "fdr", "k"), [(1000, 0.1, 10), (1000, 0.1, 1), (2000, 0.05, 20), (37, 0.2, 3), (5, 0.9, 5)]
)
def test_needed_is_the_least_number(m, fdr, k):
    n = calibration_size(m, fdr, k)
    rows = np.r_[-np.arange(1.0, k + 1), np.full(m - k, 1e9)]
    assert len(_judge(np.arange(n)).select(rows[:, None], fdr=fdr)) >= k
    if n > 1:
        assert len(_judge(np.arange(n - 1)).select(rows[:, None], fdr=fdr)) < k


@pytest.mark.parametrize("arguments", [(10, 1.0, 1), (10, 0.1, 0), (10, 0.1, 11)])
def test_needed_names_what_is_wrong(arguments):
    with pytest.raises(BadInput):
        calibration_size(*arguments)


@pytest.mark.oracle("WeightedConformal")
def test_equal_weights_are_the_plain_pvalues():
    rng = np.random.default_rng(3)
    calibration, rows = rng.standard_normal((40, 1)), rng.standard_normal((15, 1))
    plain = Calibrated(Itself()).calibrate(calibration).pvalues(rows)
    weighted = WeightedConformal(Itself(), lambda X: np.full(len(X), 3.0)).calibrate(calibration)
    np.testing.assert_allclose(weighted.pvalues(rows), plain)
    assert weighted.effective_ == pytest.approx(40)


@pytest.mark.oracle("WeightedConformal")
def test_whole_weights_are_repeated_rows():
    calibration = np.array([[1.0], [2.0], [3.0]])
    judge = WeightedConformal(Itself(), lambda X: X[:, 0]).calibrate(calibration)
    # mass 1, 2, 3 of the calibration rows, 2.5 of the row itself
    assert judge.pvalues(np.array([[2.5]]))[0] == pytest.approx((2.5 + 1 + 2) / (2.5 + 6))


@pytest.mark.oracle("WeightedConformal")
def test_ties_and_weights_by_the_definition():
    """p is the weight of the row and of all calibration rows that are no more typical, as a share; ties count."""
    rng = np.random.default_rng(5)
    calibration, rows = (rng.integers(0, 4, (n, 1)).astype(float) for n in (30, 12))
    judge = WeightedConformal(Itself(), lambda X: 1 + X[:, 0] ** 2).calibrate(calibration)
    weight = 1 + calibration[:, 0] ** 2
    for row, p in zip(rows[:, 0], judge.pvalues(rows), strict=True):
        own = 1 + row**2
        assert p == pytest.approx((own + weight[calibration[:, 0] <= row].sum()) / (own + weight.sum()))
    assert judge.effective_ == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


@pytest.mark.oracle("Calibrated")
def test_selection_is_the_step_up_procedure_with_its_bounds_included():
    judge = _judge(np.arange(19))  # p-values are multiples of 1/20
    for rows, fdr in itertools.product(([-1.0], [-1.0, 0.0, 5.0, 30.0], [0.0, 0.0, 30.0]), (0.05, 0.1, 0.2, 0.3)):
        p = _p(judge, rows)
        fit = [k for k in range(1, len(rows) + 1) if np.sort(p)[k - 1] * len(rows) <= fdr * k + 1e-12]
        expected = np.flatnonzero(p <= np.sort(p)[max(fit) - 1]) if fit else []
        np.testing.assert_array_equal(judge.select(np.array(rows)[:, None], fdr=fdr), expected)


@pytest.mark.oracle("Calibrated")
@pytest.mark.oracle("WeightedConformal")
def test_no_rows_are_not_scored():
    class Strict(Itself):
        def score_samples(self, X):
            assert len(X), "most scores refuse an empty array"
            return super().score_samples(X)

    def ratio(X):
        assert len(X)
        return np.ones(len(X))

    for judge in (Calibrated(Strict()), WeightedConformal(Strict(), ratio)):
        judge.calibrate(np.arange(5.0)[:, None])
        assert judge.pvalues(np.empty((0, 1))).shape == (0,)


def test_weights_restore_the_level_under_a_covariate_shift():
    rng = np.random.default_rng(4)
    plain, weighted = [], []
    for _ in range(300):
        calibration = rng.random((200, 1))
        rows = rng.beta(1, 2, (50, 1))  # density 2 (1 - x): more rows of low score
        plain.append(Calibrated(Itself()).calibrate(calibration).predict(rows, alpha=0.1).mean())
        judge = WeightedConformal(Itself(), lambda X: 2 * (1 - X[:, 0])).calibrate(calibration)
        weighted.append(judge.predict(rows, alpha=0.1).mean())
    assert np.mean(plain) > 0.15
    assert np.mean(weighted) < 0.1 + 3 * np.std(weighted) / np.sqrt(300)


def test_clear_errors():
    with pytest.raises(BadInput, match="calibrate"):
        _p(Calibrated(Itself()), [1.0])
    with pytest.raises(BadInput, match="at least one row"):
        _judge([])
    with pytest.raises(BadInput, match="NaN at row 1"):
        _judge([1.0, np.nan])
    for wrong in (0.0, 1.0):
        with pytest.raises(BadInput, match="alpha"):
            _judge([1.0]).predict(np.ones((1, 1)), alpha=wrong)
        with pytest.raises(BadInput, match="fdr"):
            _judge([1.0]).select(np.ones((1, 1)), fdr=wrong)
    with pytest.raises(BadInput, match="no weight"):
        WeightedConformal(Itself(), lambda X: np.zeros(len(X))).calibrate(np.ones((3, 1)))
    with pytest.raises(BadInput, match="non-negative"):
        WeightedConformal(Itself(), lambda X: -np.ones(len(X))).calibrate(np.ones((3, 1)))
