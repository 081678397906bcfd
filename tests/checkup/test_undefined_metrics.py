"""Metrics that are 0/0: no value, no interval, no alarm, and the reason, everywhere that a metric is told."""

import json

import numpy as np
import pandas as pd
import pytest

import ecotone
from ecotone.checkup.performance._degradation_test import degradation_test
from ecotone.checkup.performance._measured import measured, scores
from ecotone.compare.estimate import Predictions, doubly_robust
from ecotone.measure.scores import SoftSample, metric_named

CLASSES = ("accuracy", "balanced_accuracy", "f1", "precision", "recall", "roc_auc", "log_loss", "brier")


def _classes(seed, n=400):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    p = 1 / (1 + np.exp(-x))
    return pd.DataFrame({"x": x, "p": p, "pred": (p > 0.5) * 1, "y": (rng.random(n) < p) * 1})


def _numbers(seed, n=400):
    rng = np.random.default_rng(seed)
    x = rng.uniform(1, 3, n)
    return pd.DataFrame({"x": x, "pred": x, "y": x + 0.1 * rng.standard_normal(n)})


BOTH = {"prediction": "pred", "probability": "p"}
CASES = {
    "roc_auc": (lambda t: t[t.y == 1], "all of one class"),
    "balanced_accuracy": (lambda t: t[t.y == 0], "all of one class"),
    "recall": (lambda t: t[t.y == 0], "none of its rows is of the positive class"),
    "f1": (lambda t: t[t.y == 0], "none of its rows is of the positive class"),
    "precision": (lambda t: t[t.pred == 0], "predicts the positive class for none"),
    "mape": (lambda t: t.assign(y=np.where(np.arange(len(t)) < 9, 0.0, t.y)), "the target, which is 0 in 9 of its"),
    "r2": (lambda t: t.assign(y=1.7), "the target is the same in all"),
}


@pytest.mark.parametrize("metric", CASES)
@pytest.mark.parametrize("side", ["current", "reference"])
def test_no_value_no_alarm_and_the_reason(metric, side):
    make, why = CASES[metric]
    tables = [(_numbers if metric in ("mape", "r2") else _classes)(seed) for seed in (0, 1)]
    tables[side == "current"] = make(tables[side == "current"]).reset_index(drop=True)
    given = {"prediction": "pred"} if metric in ("mape", "r2") else BOTH
    result = ecotone.check(*tables, target="y", metric=metric, **given)
    found = json.loads(result.to_json())["performance"]
    told = found["actual" if side == "current" else "reference"]
    assert told["value"] is None and told["interval"] is None and why in told["undefined"]
    assert "performance" not in result.alarms and found["pvalue"] == 1 and found["attribution"] is None
    assert any("undefined on" in note and "no alarm rests on it" in note for note in found["notes"])
    if side == "reference":
        assert found["estimate"] is None and found["interval"] is None and why in found["unknown"]
    assert "undefined" in str(result) and "nan" not in str(result).lower() and "undefined" in result.to_html()
    assert not any("Label a random" in item["action"] for item in result.advice), "every row is labelled"


@pytest.mark.parametrize("metric", ["precision", "roc_auc"])
def test_without_labels_an_estimate_may_be_undefined_too(metric):
    before, now = _classes(0), _classes(1).drop(columns="y")
    now = now[now.pred == 0]
    found = ecotone.check(before, now, target="y", metric=metric, **BOTH)
    quality = found.performance
    if metric == "roc_auc":
        assert 0 < quality["estimate"] < 1
        return
    assert quality["estimate"] is None and "positive class for none" in quality["unknown"]
    assert "performance" not in found.alarms
    assert not any(item["for"] == "unknown" for item in found.advice), "no label would give it a value"


def test_groups_are_told_apart():
    before, now = (_classes(seed, 900).assign(g=lambda t: np.where(np.arange(900) % 2, "a", "b")) for seed in (0, 1))
    now = now[(now.g == "a") | (now.y == 1)]
    now = now[(now.g == "b") | (now.index > 0)].reset_index(drop=True)
    found = ecotone.check(before, now, target="y", metric="roc_auc", groups="g", **BOTH).performance["groups"]
    actual = {entry["name"]: entry["actual"] for entry in found}
    assert actual["b"]["value"] is None and "one class" in actual["b"]["undefined"]
    assert 0.5 < actual["a"]["value"] < 1


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("metric", CLASSES)
def test_few_rows(metric, rows):
    what = metric_named(metric)
    some = SoftSample(np.eye(2)[[1] * rows].reshape(rows, 2), np.ones(rows, int), np.full((rows, 2), 0.5))
    value = what.of(some)
    assert np.isnan(value) == (what.undefined(some) is not None)
    assert np.isnan(value) if rows == 0 or metric in ("roc_auc", "balanced_accuracy") else np.isfinite(value)


@pytest.mark.parametrize("metric", ["mae", "mse", "rmse", "r2", "mape"])
def test_few_numbers(metric):
    what, none, one = metric_named(metric), np.empty(0), np.array([2.0])
    assert np.isnan(what.of_numbers(none, none)) and what.undefined_numbers(none)
    assert np.isnan(what.of_numbers(one, one)) == (metric == "r2")
    assert np.isnan(what.of_numbers(one * 1e8 * np.ones(50), np.arange(50.0))) == (metric == "r2")


def _pair(y, predicted, now, predicted_now):
    x, z = np.zeros((len(y), 1)), np.zeros((len(now), 1))
    return Predictions(x, z, y, predicted, predicted_now, y_current=now, classes=("a", "b"))


def test_a_metric_at_its_end_has_an_interval_with_room():
    y = np.repeat([0, 1], [80, 20])
    data = _pair(y, y, y, y)
    for name in ("recall", "precision", "f1", "balanced_accuracy"):
        found = measured(scores(data, metric_named(name), "current"), 0.9, 0)
        assert found.value == 1 and found.interval[0] < 0.95 and found.interval[1] == 1


def test_recall_and_precision_are_shares_of_some_rows():
    from ecotone.checkup.performance._measured import wilson

    rng = np.random.default_rng(0)
    y, said = (rng.random(300) < 0.3) * 1, (rng.random(300) < 0.4) * 1
    data = _pair(y, said, y, said)
    for name, of in (("recall", y), ("precision", said)):
        found = measured(scores(data, metric_named(name), "current"), 0.9, 0)
        share, n = (y * said).sum() / of.sum(), of.sum()
        assert found.value == pytest.approx(share) and found.interval == pytest.approx(wilson(share, n, 0.9))


def test_samples_without_a_value_leave_no_interval_and_do_not_raise():
    y = np.repeat([0, 1], [398, 2])
    p = np.linspace(0.01, 0.99, 400)
    x = p[:, None]
    data = Predictions(
        x, x, y, y, y, np.column_stack([1 - p, p]), np.column_stack([1 - p, p]), y_current=y, classes=("a", "b")
    )
    found = measured(scores(data, metric_named("roc_auc"), "current"), 0.9, 0)
    assert found.value > 0.9 and found.interval is None and "0/0 in more than a tenth" in found.method
    worse = scores(data, metric_named("roc_auc"), "current")
    assert degradation_test(scores(data, metric_named("roc_auc"), "reference"), worse, 0)[0] > 0.4


def test_one_row_has_no_interval():
    data = Predictions(np.zeros((1, 1)), np.zeros((1, 1)), np.array([1.0]), np.array([2.0]), np.array([2.0]))
    found = measured(scores(data, metric_named("mae"), "reference"), 0.9, 0)
    assert found.value == 1 and found.interval is None and "one row" in found.method


def test_an_estimate_without_a_value_is_unknown():
    y = np.repeat([0, 1], 100)
    data = Predictions(np.zeros((200, 1)), np.zeros((50, 1)), y, y, np.zeros(50, int), classes=("a", "b"))
    found = doubly_robust(data, "precision")
    assert np.isnan(found.value) and "predicts the positive class for none" in found.unknown


def test_a_class_that_is_gone_is_said():
    rng = np.random.default_rng(1)
    tables = [pd.DataFrame({"x": rng.standard_normal(300), "y": rng.choice(list("abc"), 300)}) for _ in (0, 1)]
    tables = [t.assign(pred=t.y) for t in tables]
    tables[1] = tables[1][tables[1].y != "c"]
    found = ecotone.check(*tables, target="y", prediction="pred", metric="balanced_accuracy").performance
    assert found["actual"]["value"] == 1 and any("lack 'c'" in note for note in found["notes"])
