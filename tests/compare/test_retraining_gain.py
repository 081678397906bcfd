"""What retraining brings: against closed forms, where the answer flipped and where the model is already the best."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from ecotone.compare.estimate import Predictions, retraining_gain
from ecotone.contracts import BadInput

LAW = np.array([0.05, 0.2, 0.35, 0.7, 0.9])  # P(y = 1 | x) for x = 0 ... 4


def _given(n, law, rng, *, per_unit=1):
    """A model that knows LAW exactly, on current rows whose labels follow ``distribution``."""
    x, x_new = (np.repeat(rng.integers(0, 5, n // per_unit), per_unit) for _ in range(2))
    y = (rng.random(n) < LAW[x]).astype(int)
    y_new = (np.repeat(rng.random(n // per_unit), per_unit) < law[x_new]).astype(int)
    p, p_new = (np.column_stack([1 - LAW[v], LAW[v]]) for v in (x, x_new))
    units = None if per_unit == 1 else (np.arange(n) // per_unit,) * 2
    return Predictions(
        x[:, None].astype(float), x_new[:, None].astype(float), y, p.argmax(1), p_new.argmax(1), p, p_new,
        y_current=y_new, classes=("no", "yes"), units=units,
    )  # fmt: skip


@pytest.mark.oracle("retraining_gain")
@pytest.mark.parametrize("seed", range(3))
def test_gain_where_the_answer_flipped_is_the_closed_form(seed):
    found = retraining_gain(_given(1000, 1 - LAW, np.random.default_rng(seed)))
    truth = np.abs(1 - 2 * LAW).mean()  # from the wrong majority of every x to the right one
    assert found.interval[0] < truth < found.interval[1]
    assert found.interval[1] - found.interval[0] < 0.2


@pytest.mark.oracle("retraining_gain")
@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "roc_auc"])
def test_the_best_model_there_is_gains_nothing(metric):
    found = retraining_gain(_given(1500, LAW, np.random.default_rng(5)), metric)
    assert found.interval[0] <= 0, "no gain may be promised over the Bayes rule"
    assert abs(found.value) < 0.02


@pytest.mark.oracle("retraining_gain")
def test_regression_gains_the_squared_bias_that_it_removes():
    rng = np.random.default_rng(2)
    x = rng.integers(0, 4, (1000, 1)).astype(float)
    y = 2 * x[:, 0] + 3 + rng.standard_normal(1000)
    given = Predictions(x, x, y - 3, 2 * x[:, 0], 2 * x[:, 0], y_current=y)
    found = retraining_gain(given, "mse")  # E (3 + e)^2 - E e^2 = 9; the mean of a level is learnt up to 4 / 800
    assert found.interval[0] < 9 < found.interval[1]
    rmse = retraining_gain(given, "rmse")
    assert rmse.interval[0] < np.sqrt(10) - 1 < rmse.interval[1]


def test_interval_covers_the_gain_of_a_model_trained_on_all_labels():
    inside, runs = 0, 12
    for seed in range(runs):
        rng = np.random.default_rng(100 + seed)
        x, fresh = rng.standard_normal((400, 2)), rng.standard_normal((20_000, 2))
        y, y_fresh = ((v[:, 1] + rng.logistic(size=len(v)) > 0).astype(int) for v in (x, fresh))
        old, old_fresh = ((v[:, 0] > 0).astype(int) for v in (x, fresh))
        given = Predictions(x, x, y, old, old, y_current=y, classes=("0", "1"))
        found = retraining_gain(given, seed=seed)
        trees = HistGradientBoostingClassifier(
            max_iter=80, max_leaf_nodes=15, max_bins=63, l2_regularization=1.0, early_stopping=False, random_state=0
        ).fit(x, y)
        truth = (trees.predict(fresh) == y_fresh).mean() - (old_fresh == y_fresh).mean()
        inside += found.interval[0] <= truth <= found.interval[1]
    assert inside >= 9, "P(9 or fewer) is 0.11 at a coverage of exactly 0.9, and the interval is meant to be wider"


def test_rows_of_one_unit_count_once():
    rng = np.random.default_rng(3)
    alone = retraining_gain(_given(600, 1 - LAW, rng))
    tied = retraining_gain(_given(600, 1 - LAW, np.random.default_rng(3), per_unit=6))
    assert tied.details["units"] == 100 and alone.details["units"] == 600
    width = [e.interval[1] - e.interval[0] for e in (alone, tied)]
    assert width[1] > 1.6 * width[0]


def test_few_labels_are_called_too_few_and_the_curve_rises():
    few = retraining_gain(_given(30, 1 - LAW, np.random.default_rng(4)))
    assert few.unknown is not None and "label more" in few.unknown
    found = retraining_gain(_given(200, 1 - LAW, np.random.default_rng(4)))
    assert found.unknown is None
    half, whole = found.details["curve"]
    assert (half["labels"], whole["labels"]) == (80, 160)
    assert whole["gain"] == found.value and whole["gain"] > half["gain"] - 0.1


def test_a_class_that_no_fold_has_seen_keeps_a_finite_loss():
    rng = np.random.default_rng(6)
    given = _given(100, LAW, rng)
    y = np.zeros(100, int)
    y[0] = 1
    rare = Predictions(
        given.x_reference, given.x_current, given.y_reference, given.predicted_reference, given.predicted_current,
        given.p_reference, given.p_current, y_current=y, classes=given.classes,
    )  # fmt: skip
    assert np.isfinite(retraining_gain(rare, "log_loss").value)


def test_bad_input_names_the_remedy():
    rng = np.random.default_rng(7)
    given = _given(100, LAW, rng)
    unlabelled = Predictions(
        given.x_reference, given.x_current, given.y_reference, given.predicted_reference, given.predicted_current,
        classes=given.classes,
    )  # fmt: skip
    with pytest.raises(BadInput, match="y_current"):
        retraining_gain(unlabelled)
    for wrong in ({"level": 1.5}, {"folds": 1}, {"metric": "mae"}, {"metric": "acuracy"}):
        with pytest.raises(BadInput):
            retraining_gain(given, **wrong)
