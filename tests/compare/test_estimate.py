"""Estimators of a metric against exact expectations, enumerations and realised metrics."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from ecotone.compare.estimate import (
    Predictions,
    atc,
    cbpe,
    dle,
    doc,
    doubly_robust,
    importance_weighted,
    label_shift,
    pape,
)
from ecotone.compare.estimate._compared import compared
from ecotone.compare.estimate._core import Core
from ecotone.compare.estimate._doubly_robust import (
    A_MANY,
    DOUBLY_ROBUST,
    A,
    errors_of,
    open_ends,
    sampling_interval,
    wide_interval,
)
from ecotone.compare.estimate._errors import variance_of_mean
from ecotone.compare.estimate._label_shift import with_new_shares
from ecotone.compare.estimate._learners import deal
from ecotone.compare.estimate._nuisance import nuisance
from ecotone.compare.estimate._unknown import thin
from ecotone.contracts import BadInput
from ecotone.measure.scores import METRICS, SoftSample, metric_named

N = 4000


def _expit(z):
    return 1 / (1 + np.exp(-z))


def _shifted(seed=0, n=N, spread=0.5, temperature=1.0, hidden=0.0):
    """Labels logistic in x0; the current x0 is drawn in; ``hidden`` of x1 > 1 rows have random labels."""
    rng = np.random.default_rng(seed)
    x, x_new = rng.standard_normal((n, 2)), rng.standard_normal((n, 2)) * [spread, 1]
    if hidden:
        x_new[: int(hidden * n), 1] = stats.truncnorm.rvs(1, np.inf, size=int(hidden * n), random_state=rng)

    def truth(rows):
        return np.where((rows[:, 1] > 1) & (hidden > 0), 0.5, _expit(3 * rows[:, 0]))

    y, y_new = (rng.random(n) < truth(x)) * 1, (rng.random(n) < truth(x_new)) * 1
    p, p_new = (np.column_stack([1 - q, q]) for q in (_expit(3 * temperature * r[:, 0]) for r in (x, x_new)))
    given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("0", "1"))
    return given, y_new, float(np.maximum(truth(x_new), 1 - truth(x_new)).mean())


@pytest.mark.oracle("cbpe")
def test_cbpe_is_the_exact_expected_accuracy_where_the_model_is_overconfident():
    # under p(y | x0) = expit(3 x0) with x0 normal(0, 1/2) the accuracy is an integral; the model says expit(9 x0)
    given, _, _ = _shifted(temperature=3.0)
    grid = np.linspace(-6, 6, 20001)
    exact = np.trapezoid(_expit(3 * np.abs(grid * 0.5)) * stats.norm.pdf(grid), grid)
    assert cbpe(given).value == pytest.approx(exact, abs=0.015)
    raw = given.p_current.max(axis=1).mean()
    assert raw > exact + 0.08, "uncalibrated, the model would have been believed"


@pytest.mark.oracle("pape")
@pytest.mark.oracle("doubly_robust")
@pytest.mark.oracle("importance_weighted")
def test_weighted_estimators_see_a_growing_group_that_confidence_does_not():
    given, _, right = _shifted(spread=1.0, hidden=0.6)
    missed = abs(cbpe(given).value - right)
    assert missed > 0.06
    for estimator in (pape, doubly_robust, importance_weighted):
        assert abs(estimator(given).value - right) < 0.6 * missed, estimator.__name__
    assert doubly_robust(given).value == pytest.approx(right, abs=0.03)


@pytest.mark.oracle("importance_weighted")
def test_importance_weighted_equals_the_weighted_mean_by_hand():
    given, _, _ = _shifted(n=600)
    shared = nuisance(given, 0)
    right = (given.y_reference == given.predicted_reference)[shared.rows]
    assert importance_weighted(given).value == pytest.approx(np.average(right, weights=shared.weights), rel=1e-12)
    assert shared.weights.mean() == pytest.approx(1.0)


@pytest.mark.oracle("doubly_robust")
def test_doubly_robust_is_the_expectation_plus_the_weighted_residual():
    given, _, _ = _shifted(n=600)
    shared = nuisance(given, 0)
    q, q_new = shared.conditional()
    rows = np.arange(600)
    assert q.sum(axis=1) == pytest.approx(1) and q_new.sum(axis=1) == pytest.approx(1)
    gap = (given.y_reference == given.predicted_reference) - q[rows, given.predicted_reference]
    by_hand = q_new[rows, given.predicted_current].mean() + np.average(gap, weights=shared.weights)
    assert doubly_robust(given).value == pytest.approx(by_hand, rel=1e-12)


def test_trees_stacked_on_confidence_find_a_group_that_the_model_does_not():
    given, _, right = _shifted(spread=1.0, hidden=0.6)
    q = nuisance(given, 0).conditional()[1][np.arange(N), given.predicted_current]
    hard = given.x_current[:, 1] > 1
    assert q[hard].mean() == pytest.approx(0.5, abs=0.05)
    assert abs(q.mean() - right) < 0.5 * abs(cbpe(given).value - right)


def test_the_interval_reaches_further_away_from_the_reference():
    given, _, _ = _shifted(n=1500)
    core = Core.of(given, "accuracy", 0)
    core.shared._made["beyond"] = 0.0
    for value in (core.reference - 0.04, core.reference + 0.04):
        low, high = wide_interval(core, value, 0.9)
        plain = sampling_interval(core, value, 0.9)
        away, towards = (plain[0] - low, high - plain[1])[:: 1 if value < core.reference else -1]
        assert away - towards == pytest.approx(A * 0.04) and towards >= 0


@pytest.mark.oracle("doc")
def test_more_than_two_classes_reach_further():
    rng = np.random.default_rng(4)
    x, p = rng.standard_normal((2, 600, 1)), rng.dirichlet(np.ones(3), (2, 600))
    y = (p[0].cumsum(1) > rng.random((600, 1))).argmax(1)
    given = Predictions(x[0], x[1], y, p[0].argmax(1), p[1].argmax(1), p[0], p[1], classes=("0", "1", "2"))
    core = Core.of(given, "accuracy", 0)
    core.shared._made["beyond"] = 0.0
    low, high = wide_interval(core, core.reference - 0.04, 0.9)
    plain = sampling_interval(core, core.reference - 0.04, 0.9)
    assert (plain[0] - low) - (high - plain[1]) == pytest.approx(A_MANY * 0.04)


def test_doc_is_the_difference_of_mean_confidences():
    given, _, _ = _shifted(temperature=2.0)
    expected = (given.y_reference == given.predicted_reference).mean()
    expected += given.p_current.max(1).mean() - given.p_reference.max(1).mean()
    assert doc(given).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.oracle("atc")
def test_atc_reproduces_the_reference_and_counts_above_its_threshold():
    given, _, _ = _shifted()
    here = Predictions(*(getattr(given, n) for n in ("x_reference", "x_reference", "y_reference")),
                       *[given.predicted_reference] * 2, *[given.p_reference] * 2, classes=("0", "1"))  # fmt: skip
    accuracy = (given.y_reference == given.predicted_reference).mean()
    assert atc(here).value == pytest.approx(accuracy, abs=1 / N)
    confidence = np.sort(given.p_reference.max(1))  # for two classes entropy and confidence order rows alike
    threshold = confidence[N - round(accuracy * N)]
    assert atc(given).value == pytest.approx((given.p_current.max(1) >= threshold).mean(), abs=2 / N)
    with pytest.raises(BadInput, match="accuracy"):
        atc(given, "brier")


@pytest.mark.oracle("label_shift")
def test_label_shift_finds_the_new_shares():
    # x given y normal(+-1, 1): p(y = 1 | x) = expit(2 x) at equal shares; the current share of positives is .8
    rng = np.random.default_rng(0)
    y, y_new = rng.random(N) < 0.5, rng.random(N) < 0.8
    x, x_new = (rng.standard_normal((N, 1)) + 2 * v[:, None] - 1 for v in (y, y_new))
    p, p_new = (np.hstack([_expit(-2 * v), _expit(2 * v)]) for v in (x, x_new))
    shares = with_new_shares(p, p_new, y * 1).mean(axis=0)
    assert shares[1] == pytest.approx(0.8, abs=0.02)
    given = Predictions(x, x_new, y * 1, p.argmax(1), p_new.argmax(1), p, p_new, classes=("0", "1"))
    assert label_shift(given, "recall").value == pytest.approx(stats.norm.cdf(1), abs=0.02)
    assert label_shift(given, "precision").value == pytest.approx(
        0.8 * stats.norm.cdf(1) / (0.8 * stats.norm.cdf(1) + 0.2 * stats.norm.cdf(-1)), abs=0.02
    )


@pytest.mark.oracle("dle")
@pytest.mark.parametrize("metric, exact", [("mae", np.sqrt(2 / np.pi) * 1.5), ("mse", 7 / 3), ("rmse", np.sqrt(7 / 3))])
def test_dle_and_its_correction_find_the_moments_of_a_spreading_error(metric, exact):
    # y = x e with e standard normal, prediction 0, x moves from uniform(0, 2) to uniform(1, 2)
    rng = np.random.default_rng(0)
    x, x_new = rng.uniform(0, 2, (N, 1)), rng.uniform(1, 2, (N, 1))
    given = Predictions(x, x_new, x[:, 0] * rng.standard_normal(N), np.zeros(N), np.zeros(N))
    assert dle(given, metric).value == pytest.approx(exact, rel=0.06)
    found = doubly_robust(given, metric)
    assert found.value == pytest.approx(exact, rel=0.06)
    assert found.interval[0] <= exact <= found.interval[1]


def test_r2_falls_where_the_target_varies_less():
    rng = np.random.default_rng(1)
    x, x_new = rng.uniform(-2, 2, (2000, 1)), rng.uniform(-0.5, 0.5, (2000, 1))
    y, y_new = (v[:, 0] * 2 + rng.standard_normal(2000) for v in (x, x_new))
    given = Predictions(x, x_new, y, 2 * x[:, 0], 2 * x_new[:, 0])
    assert doubly_robust(given, "r2").value == pytest.approx(sk.r2_score(y_new, 2 * x_new[:, 0]), abs=0.1)


def test_unknown_where_the_reference_has_no_such_rows():
    rng = np.random.default_rng(0)
    given, _, _ = _shifted(n=1500)
    far = Predictions(given.x_reference, given.x_reference + 3.0, given.y_reference, given.predicted_reference,
                      given.predicted_reference, given.p_reference, given.p_reference, classes=("0", "1"))  # fmt: skip
    assert "label current rows" in doubly_robust(far).unknown
    assert doubly_robust(given).unknown is None
    noise = rng.random(1500)  # probabilities that know nothing, beside predictions that do
    p = np.column_stack([1 - noise, noise])
    mute = Predictions(given.x_reference, given.x_reference, given.y_reference, given.predicted_reference,
                       given.predicted_reference, p, p, classes=("0", "1"))  # fmt: skip
    assert "miss by" in cbpe(mute).unknown


def _with_a_cluster(share, shift=0.0, n=1500):
    """Labels logistic in x0; the current rows are shifted along x1, and a ``share`` of them lies far away."""
    rng = np.random.default_rng(1)
    x, x_new = rng.standard_normal((n, 2)), rng.standard_normal((n, 2)) + np.array([0, shift])
    x_new[: int(share * n)] = 6 + 0.3 * rng.standard_normal((int(share * n), 2))
    p, p_new = (np.column_stack([1 - _expit(a[:, 0]), _expit(a[:, 0])]) for a in (x, x_new))
    y = (rng.random(n) < p[:, 1]).astype(int)
    return Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("0", "1"))


def test_unknown_for_a_new_cluster_and_not_for_a_smooth_shift():
    smooth = Core.of(_with_a_cluster(0, shift=1.2), "accuracy", 0)
    assert thin(smooth) is None and smooth.shared.beyond < 0.02
    assert thin(Core.of(_with_a_cluster(0), "accuracy", 0)) is None
    new = Core.of(_with_a_cluster(0.15), "accuracy", 0)
    assert new.shared.beyond == pytest.approx(0.15, abs=0.03) and "to stand for more than 50 of them" in thin(new)


def test_a_few_rows_beyond_the_reference_widen_the_interval_to_the_ends():
    core = Core.of(_with_a_cluster(0.03), "accuracy", 0)
    value, u = DOUBLY_ROBUST.value(core), core.shared.beyond
    assert 0.02 < u < 0.05 and doubly_robust(core.data).unknown is None
    assert open_ends(core, value) == pytest.approx((u * value, u * (1 - value)))
    whole, plain = wide_interval(core, value, 0.9), sampling_interval(core, value, 0.9)
    assert whole[0] <= plain[0] - u * value and whole[1] >= plain[1] + u * (1 - value)
    core.shared._made["beyond"] = 0.02
    loss = Core.of(core.data, "log_loss", 0)
    assert open_ends(loss, 0.5) == pytest.approx((0.01, 0.03)), "no end above: three times the distance to zero"


def test_unknown_where_calibration_cannot_repair():
    rng = np.random.default_rng(0)
    z = rng.uniform(-4, 4, 4000)
    y = (rng.random(4000) < np.where(np.abs(z) > 2, 0.5, 0.95)) * 1  # surest where it knows least
    p = np.column_stack([_expit(-z), _expit(z)])
    given = Predictions(z[:, None], z[:, None], y, p.argmax(1), p.argmax(1), p, p, classes=("0", "1"))
    assert "even after calibration" in cbpe(given).unknown


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "brier", "roc_auc", "f1", "balanced_accuracy"])
@pytest.mark.parametrize("k", [2, 4])
def test_every_metric_of_few_and_many_classes_under_shift(metric, k):
    rng = np.random.default_rng(k)
    slopes = rng.normal(0, 1.5, (3, k))

    def law(rows):
        odds = np.exp(rows @ slopes)
        return odds / odds.sum(1, keepdims=True)

    x, x_new = rng.standard_normal((3000, 3)), 0.6 * rng.standard_normal((3000, 3)) + [0.3, 0, 0]
    p, p_new = law(x), law(x_new)
    y, y_new = ((q.cumsum(1) > rng.random((3000, 1))).argmax(1) for q in (p, p_new))
    given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, y_current=y_new,
                        classes=tuple(map(str, range(k))))  # fmt: skip
    found = doubly_robust(given, metric)
    truth = given.actual_value(metric_named(metric))
    assert abs(found.details["reference"] - truth) > 0.02, "the shift must matter"
    assert found.value == pytest.approx(truth, abs=0.04)
    assert found.interval[0] <= truth <= found.interval[1]


def test_without_probabilities_labels_are_modelled_from_the_columns():
    given, y_new, _ = _shifted()
    bare = Predictions(given.x_reference, given.x_current, given.y_reference, given.predicted_reference,
                       given.predicted_current, classes=("0", "1"))  # fmt: skip
    assert doubly_robust(bare).value == pytest.approx((y_new == given.predicted_current).mean(), abs=0.03)
    with pytest.raises(BadInput, match="probabilities"):
        cbpe(bare, "log_loss")


def test_what_a_report_sets_side_by_side_is_what_the_methods_answer():
    given, _, _ = _shifted(n=600)
    found = compared(Core.of(given, "brier", 0))
    methods = (cbpe, pape, importance_weighted, doubly_robust, doc)
    assert found == {method.__name__: method(given, "brier").value for method in methods}
    numbers = Predictions(given.x_reference, given.x_current, given.x_reference[:, 0], *[np.zeros(600)] * 2)
    assert list(compared(Core.of(numbers, "mae", 0))) == ["dle", "importance_weighted", "doubly_robust"]


def test_units_widen_the_standard_error():
    rng = np.random.default_rng(0)
    unit = np.repeat(np.arange(200), 10)
    each = rng.standard_normal(200)[unit] + 0.1 * rng.standard_normal(2000)
    assert variance_of_mean(each, unit) == pytest.approx(1 / 200, rel=0.3)
    assert variance_of_mean(each, unit) > 6 * variance_of_mean(each, None)
    folds = deal(2000, 3, rng, unit)
    assert all(len(set(folds[unit == u])) == 1 for u in range(200))


def test_standard_error_by_formula_is_that_of_the_bootstrap():
    given, _, _ = _shifted(n=1500)
    core = Core.of(given, "brier", 0)
    assert errors_of(core).by_bootstrap() == pytest.approx(errors_of(core).by_formula(), rel=0.3)


@pytest.mark.parametrize("k", [2, 3])
def test_metrics_equal_scikit_learns(k):
    rng = np.random.default_rng(k)
    y, p = rng.integers(0, k, 400), np.round(rng.dirichlet(np.ones(k), 400), 2)
    p = np.clip(p, 0.01, 1)
    p /= p.sum(1, keepdims=True)
    weight = rng.integers(0, 3, 400).astype(float)
    sample = SoftSample(np.eye(k)[y], p.argmax(1), p).weighted(weight)
    kind = {"average": "binary" if k == 2 else "macro", "sample_weight": weight}
    brier = ((p - np.eye(k)[y]) ** 2).sum(1) / (2 if k == 2 else 1)
    auc = sk.roc_auc_score(y, p[:, 1] if k == 2 else p, sample_weight=weight, multi_class="ovr")
    expected = {
        "accuracy": sk.accuracy_score(y, p.argmax(1), sample_weight=weight),
        "balanced_accuracy": sk.balanced_accuracy_score(y, p.argmax(1), sample_weight=weight),
        "f1": sk.f1_score(y, p.argmax(1), **kind),
        "precision": sk.precision_score(y, p.argmax(1), **kind),
        "recall": sk.recall_score(y, p.argmax(1), **kind),
        "roc_auc": auc,
        "log_loss": sk.log_loss(y, p, sample_weight=weight),
        "brier": np.average(brier, weights=weight),
    }
    assert set(expected) == {m.name for m in METRICS.values() if m.task == "classification"}
    for name, value in expected.items():
        assert metric_named(name).of(sample) == pytest.approx(value, rel=1e-9), name


def test_metrics_of_numbers_equal_scikit_learns():
    rng = np.random.default_rng(0)
    y, p, w = rng.normal(3, 1, 300), rng.normal(3, 1, 300), rng.random(300)
    expected = {"mae": sk.mean_absolute_error, "mse": sk.mean_squared_error, "rmse": sk.root_mean_squared_error,
                "r2": sk.r2_score, "mape": sk.mean_absolute_percentage_error}  # fmt: skip
    for name, function in expected.items():
        assert metric_named(name).of_numbers(y, p, w) == pytest.approx(function(y, p, sample_weight=w), rel=1e-9), name
