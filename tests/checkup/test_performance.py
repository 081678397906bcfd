"""A model's performance end to end: estimates, labels, attribution, alarms, and every way to give it wrong."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from chance import most
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from ecotone.checkup.as_json import to_dict
from ecotone.checkup.performance._attribution import clusters
from ecotone.checkup.performance._degradation_test import degradation_test
from ecotone.checkup.performance._measured import measured, scores, wilson
from ecotone.checkup.performance._performance import performance
from ecotone.checkup.performance._predict_with import predict_with
from ecotone.compare.estimate import Predictions
from ecotone.contracts import BadInput
from ecotone.data import ModelOptions, Roles, align_tables, read_table
from ecotone.measure.scores import metric_named

N = 1200


def _table(n, rng, shift=0.0, flip=0.0):
    x = rng.standard_normal((n, 3))
    x[:, 0] *= 1 - shift
    p = 1 / (1 + np.exp(-3 * x[:, 0]))
    p = (1 - flip) * p + flip * (1 - p)
    y = np.where(rng.random(n) < p, "late", "ok")
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "kind": np.where(x[:, 2] > 0, "u", "v"), "y": y})


def _model(rng):
    train = _table(1500, rng)
    return LogisticRegression().fit(train[["a", "b"]], train["y"])


def _check(reference, current, columns=("target", "prediction", "groups"), **given):
    frames = read_table(reference), read_table(current, name="current")
    roles = {k: given.pop(k) for k in ("target", "prediction", "groups", "probability") if k in given}
    model = ModelOptions.of(**{k: given.pop(k) for k in ("model", "metric", "positive", "features") if k in given})
    pair = align_tables(*frames, Roles.of(**{k: v for k, v in roles.items() if k in (*columns, "probability")}))
    return performance(pair, frames=tuple(f.arrow for f in frames), roles=Roles.of(**roles), model=model, **given)


def test_a_shift_without_labels_is_estimated_and_raised():
    rng = np.random.default_rng(0)
    model, now = _model(rng), _table(N, rng, shift=0.8)
    found = _check(_table(N, rng), now.drop(columns="y"), model=model, target="y", groups="kind")
    truth = (model.predict(now[["a", "b"]]) == now["y"]).mean()
    assert found.interval[0] <= truth <= found.interval[1] and found.estimate == pytest.approx(truth, abs=0.05)
    assert found.raised and found.pvalue <= 0.005 and found.actual is None and found.attribution is None
    assert "p(y|x)" in found.assumption and found.unknown is None
    low, high = found.bound.interval
    assert low < found.estimate < high
    assert {g.name for g in found.groups} == {"u", "v"} and all(g.estimate is not None for g in found.groups)
    need = 1.645**2 / 0.02**2 * found.estimate * (1 - found.estimate)
    assert found.labels.rows == N < need, "never more rows than there are"
    assert found.labels.half_width == pytest.approx(0.02 * np.sqrt(need / N), rel=0.02)
    json.dumps(to_dict(found), allow_nan=False)


def test_a_concept_change_is_invisible_without_labels_and_attributed_with_them():
    rng = np.random.default_rng(1)
    model, before, now = _model(rng), _table(N, rng), _table(N, rng, flip=0.35)
    blind = _check(before, now.drop(columns="y"), model=model, target="y")
    assert not blind.raised and "cannot be seen without labels" in blind.assumption
    seen = _check(before, now, model=model, target="y")
    assert seen.raised and seen.test.startswith("labels")
    parts = seen.attribution.parts
    assert sum(parts.values()) == pytest.approx(seen.actual.value - seen.reference.value, abs=1e-9)
    assert parts["p(y|x)"] < 0.8 * sum(parts.values()) < 0
    low, high = seen.attribution.intervals["p(y|x)"]
    assert low <= parts["p(y|x)"] <= high < 0


def test_a_change_of_inputs_is_attributed_to_the_block_that_moved():
    rng = np.random.default_rng(2)
    model = _model(rng)
    found = _check(_table(N, rng), _table(N, rng, shift=0.8), model=model, target="y").attribution
    moved = next(title for title, names in found.blocks.items() if "a" in names)
    assert found.parts[moved] < 0.5 * found.total < 0
    assert abs(found.summary["p(x)"].value) > 2 * abs(found.summary["p(y|x)"].value)


def test_a_sample_of_labels_is_used_as_it_is():
    rng = np.random.default_rng(3)
    model, now = _model(rng), _table(N, rng, shift=0.6)
    now.loc[rng.permutation(N)[200:], "y"] = None
    found = _check(_table(N, rng), now, model=model, target="y")
    assert found.actual.rows == 200
    assert found.actual.interval == pytest.approx(wilson(found.actual.value, 200, 0.9))
    powered = found.actual.prediction_powered
    assert powered.interval[0] < powered.value < powered.interval[1]


def test_unchanged_tables_raise_nothing():
    rng = np.random.default_rng(4)
    model = _model(rng)
    found = [_check(_table(200, rng), _table(200, rng), model=model, target="y", metric=m) for m in ("f1", "log_loss")]
    found += [_check(_table(400, rng), _table(400, rng).drop(columns="y"), model=model, target="y")]
    assert not any(f.raised for f in found)


def test_rows_outside_make_it_unknown():
    rng = np.random.default_rng(5)
    model, current = _model(rng), _table(N, rng).drop(columns="y")
    assert _check(_table(N, rng), current, model=model, target="y").unknown is None
    columns = current.select_dtypes("number").columns
    current.loc[: N // 5, columns] = current.loc[: N // 5, columns] * 0.1 + 9
    found = _check(_table(N, rng), current, model=model, target="y")
    assert "of the current rows lie where one reference row would have to stand" in found.unknown and not found.raised


def test_regression_with_and_without_labels():
    rng = np.random.default_rng(6)

    def table(low):
        x = rng.uniform(low, 2, N)
        return pd.DataFrame({"x": x, "y": 3 * x + (0.2 + x) * rng.standard_normal(N)})

    before, now = table(0), table(1.2)
    model = LinearRegression().fit(before[["x"]], before["y"])
    found = _check(before, now.drop(columns="y"), model=model, target="y")
    truth = np.abs(now["y"] - model.predict(now[["x"]])).mean()
    assert found.metric == "mae" and found.interval[0] <= truth <= found.interval[1] and found.raised
    seen = _check(before, now, model=model, target="y", metric="rmse")
    assert seen.raised and sum(seen.attribution.parts.values()) == pytest.approx(seen.attribution.total, abs=1e-9)


def test_probability_columns_of_many_classes_and_one_of_two():
    rng = np.random.default_rng(7)

    def table(n):
        p = rng.dirichlet([1, 1, 1], n)
        return pd.DataFrame({"x": p[:, 0], "p_b": p[:, 1], "p_a": p[:, 0], "p_c": p[:, 2],
                             "y": np.array(list("abc"))[(p.cumsum(1) > rng.random((n, 1))).argmax(1)]})  # fmt: skip

    found = _check(table(N), table(N), probability=["p_b", "p_a", "p_c"], target="y")
    assert found.reference.value == pytest.approx(0.61, abs=0.06), "columns are matched with classes by name"
    q = rng.random(N)
    one = pd.DataFrame({"x": q, "p": q, "y": (rng.random(N) < q) * 1})
    found = _check(one, one.drop(columns="y"), probability="p", target="y", metric="roc_auc")
    assert found.reference.value == pytest.approx(5 / 6, abs=0.03) and found.details.positive == "1"


def test_says_when_the_reference_trained_the_model():
    rng = np.random.default_rng(8)
    train, now = _table(600, rng), _table(600, rng)
    model = HistGradientBoostingClassifier(max_iter=150, min_samples_leaf=3).fit(train[["a", "b"]], train["y"])
    assert "must not have trained" in _check(train, now, model=model, target="y").warning
    assert _check(_table(600, rng), now, model=model, target="y").warning is None


def test_a_model_without_names_gets_a_matrix():
    rng = np.random.default_rng(9)
    x = rng.standard_normal((300, 2))
    model = LogisticRegression().fit(x, x[:, 0] > 0)
    predicted, proba = predict_with(ModelOptions(model), pa.table({"a": x[:, 0], "b": x[:, 1]}), ["a", "b"])
    assert (predicted == model.predict(x)).all() and np.allclose(proba, model.predict_proba(x))


class _Broken:
    def __init__(self, error=None, output=None):
        self.error, self.output = error, output

    def predict(self, x):
        if self.error:
            raise self.error
        return self.output(x)


def _bad(case):
    rng = np.random.default_rng(10)
    t, u = _table(60, rng), _table(60, rng)
    t["p"] = u["p"] = t["q"] = u["q"] = 0.5
    model = _model(rng)
    if case == "column":
        return t, u.drop(columns="b"), {"model": model, "target": "y"}, "'b', which current lacks"
    if case == "raises":
        return t, u, {"model": _Broken(RuntimeError("no disk")), "target": "y"}, "RuntimeError: no disk"
    if case == "shape":
        return t, u, {"model": _Broken(output=lambda x: np.zeros((len(x), 2))), "target": "y"}, r"shape \(60, 2\)"
    if case == "no predict":
        return t, u, {"model": 3, "target": "y"}, "has no predict"
    if case == "sum":
        t.loc[17, "p"] = 0.8
        return t, u, {"probability": ["p", "q"], "target": "y"}, "sums to 1.3 at row 17 of the reference"
    if case == "range":
        u.loc[4, "p"] = 1.5
        return t, u, {"probability": "p", "target": "y"}, "1.5.* at row 4 of current"
    if case == "classes":
        t["r"] = u["r"] = 0.0
        return t, u, {"probability": ["p", "q", "r"], "target": "y"}, "3 columns for 2 classes"
    if case == "positive":
        return t, u, {"model": model, "target": "y", "positive": "never"}, "'never' is not a class"
    if case == "metric":
        return t, u, {"model": model, "target": "y", "metric": "mae"}, "does not hold numbers|not numbers"
    t["said"], u["said"] = t["y"], u["y"].where(np.arange(60) != 5)
    return t, u, {"prediction": "said", "target": "y"}, "missing at row 5"


@pytest.mark.parametrize(
    "case",
    ["column", "raises", "shape", "sum", "range", "classes", "positive", "metric", "prediction", "no predict"],
)
def test_refuses(case):
    reference, current, given, said = _bad(case)
    with pytest.raises(BadInput, match=said):
        _check(reference, current, **given)


def _labelled(right_before, right_now, units=None):
    y, z = np.zeros(len(right_before), int), np.zeros(len(right_now), int)
    x, x_new = y[:, None] * 1.0, z[:, None] * 1.0
    return Predictions(x, x_new, y, 1 - right_before, 1 - right_now, y_current=z, classes=("a", "b"), units=units)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_the_test_of_labels_keeps_its_level_by_unit(metric):
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(100):
        units = np.repeat(np.arange(20), 10), np.repeat(np.arange(20), 10)
        right = [(rng.random(20) < 0.7)[u] * 1 for u in units]  # all of a unit right or wrong
        data = _labelled(*right, units=units)
        p = [np.column_stack([0.2 + 0.6 * r, 0.8 - 0.6 * r]) for r in right]
        data = Predictions(*(getattr(data, n) for n in ("x_reference", "x_current", "y_reference",
                           "predicted_reference", "predicted_current")), *p, y_current=data.y_current,
                           classes=data.classes, units=units)  # fmt: skip
        sides = [scores(data, metric_named(metric), s) for s in ("reference", "current")]
        alarms += _fast(sides) <= 0.1
    assert alarms <= most(100, 0.1)  # measured in benchmarks/levels, degradation_test


def _fast(sides, draws=199):
    import ecotone.checkup.performance._degradation_test as module

    usual, module.PERMUTATIONS = module.PERMUTATIONS, draws
    try:
        return degradation_test(*sides, 0)[0]
    finally:
        module.PERMUTATIONS = usual


def test_exact_test_and_wilson_equal_scipys():
    rng = np.random.default_rng(12)
    data = _labelled((rng.random(90) < 0.9) * 1, (rng.random(70) < 0.7) * 1)
    sides = [scores(data, metric_named("accuracy"), s) for s in ("reference", "current")]
    a, b = (int(s.each().sum()) for s in sides)
    expected = stats.hypergeom.cdf(b, 160, a + b, 70)
    assert degradation_test(*sides, 0)[0] == pytest.approx(expected)
    interval = stats.binomtest(b, 70).proportion_ci(0.9, method="wilson")
    assert measured(sides[1], 0.9, 0).interval == pytest.approx((interval.low, interval.high))


def test_correlated_columns_share_a_block():
    rng = np.random.default_rng(13)
    base = rng.standard_normal((500, 6))
    x = np.hstack([base, base + 0.1 * rng.standard_normal((500, 6))])
    x[::7, 3] = np.nan
    found = {frozenset(at.tolist()) for at in clusters(x, 6).values()}
    assert found == {frozenset({j, j + 6}) for j in range(6)}
