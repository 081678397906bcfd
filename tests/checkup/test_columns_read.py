"""What a model reads is what its estimates rest on; columns that determine the target are pointed out."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import ecotone
from ecotone.checkup.performance._leaks import leaking_columns
from ecotone.checkup.report._terminal import text_report
from ecotone.contracts import BadInput
from ecotone.data import align_tables, read_table


def _table(seed, n=700, b=0.0):
    """The answer moves with b, which no model here reads; ``closed`` is made from the answer."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    y = np.where(x + b + rng.standard_normal(n) > 0, "yes", "no")
    closed = (y == "yes") * rng.integers(1, 8, n)
    return pd.DataFrame({"x": x, "noise": rng.standard_normal(n), "closed": closed, "b": b + 0.1 * x, "y": y})


MODELS = {
    "names": lambda t: LogisticRegression().fit(t[["x"]], t["y"]),
    "pipeline": lambda t: make_pipeline(
        ColumnTransformer([("some", "passthrough", ["x"])]), LogisticRegression()
    ).fit(t.drop(columns="y"), t["y"]),
    "boosted": lambda t: lightgbm.LGBMClassifier(n_estimators=9, verbose=-1, n_jobs=1).fit(t[["x"]], t["y"]),
    "unnamed": lambda t: LogisticRegression().fit(t[["x"]].to_numpy(), t["y"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
def test_attribution_rests_on_what_the_model_reads(kind):
    more = {"features": ["x"]} if kind == "unnamed" else {}
    model = MODELS[kind](_table(0))
    found = ecotone.check(_table(1), _table(2, b=1.2), target="y", model=model, **more).to_dict()["performance"]
    assert list(found["attribution"]["blocks"].values()) == [["x"]] and found["details"]["columns"]["used"] == ["x"]
    parts = found["attribution"]["summary"]
    assert parts["p(y|x)"]["value"] < -0.04 < parts["p(x)"]["value"]
    said = " ".join(found["notes"])
    assert "the columns that the model reads" in said and "'closed' nearly determines the target 'y'" in said
    assert "do not use it" in said
    result = ecotone.check(_table(1, 200), _table(2, 200), target="y", model=model, **more)
    assert "rests on the 1 column that the model reads" in text_report(result.found, verbose=True)


def test_probabilities_bring_their_features_or_all_columns_but_leaks():
    tables = [_table(seed).assign(p=lambda t: 1 / (1 + np.exp(-1.6 * t["x"]))) for seed in (1, 2)]
    given = {"target": "y", "probability": "p"}
    found = ecotone.check(*tables, **given, features=["x", "noise"]).performance
    assert found["details"]["columns"] == {
        "used": ["x", "noise"], "source": "features", "missing": [], "constant": [],
        "leaks": [{"name": "closed", "how": "AUC 1.000 by itself", "read": False}],
    }  # fmt: skip
    found = ecotone.check(*tables, **given).performance
    assert found["details"]["columns"]["used"] == ["x", "noise", "b"]
    assert "which ones the model reads is not known" in found["notes"][0]


def test_a_column_that_only_tells_the_tables_apart_is_no_ground_for_an_estimate():
    tables = [_table(seed).assign(p=lambda t: 1 / (1 + np.exp(-1.6 * t["x"])), year=2020 + seed) for seed in (1, 2)]
    tables[1]["year"] += np.arange(700) % 2
    given = {"target": "y", "probability": "p"}
    found = ecotone.check(tables[0], tables[1].drop(columns="y"), **given).performance
    assert found["details"]["columns"]["constant"] == ["year"] and found["unknown"] is None
    assert "'year', the same in all rows of a table" in found["notes"][0] and found["details"]["effective"] > 0.5
    found = ecotone.check(tables[0], tables[1], **given, features=["x", "year"]).performance
    assert found["details"]["columns"]["used"] == ["x", "year"], "what the model is said to read is kept"


def test_a_leak_that_the_model_reads_is_kept_and_said():
    model = LogisticRegression().fit(_table(0)[["x", "closed"]], _table(0)["y"])
    found = ecotone.check(_table(1), _table(2), target="y", model=model).performance
    assert found["details"]["columns"]["used"] == ["x", "closed"]
    assert any("a leak" in note and "the model reads it" in note for note in found["notes"])


def test_text_that_the_model_reads_is_told_apart():
    tables = [
        _table(seed).assign(when=pd.Timestamp("2020-01-01") + pd.to_timedelta(range(700), "h")) for seed in (1, 2)
    ]
    rng = np.random.default_rng(3)
    tables = [t.assign(p=rng.random(700)) for t in tables]
    found = ecotone.check(*tables, target="y", probability="p", features=["x", "when"]).performance
    assert found["details"]["columns"]["missing"] == ["when"] and "the model also reads 'when'" in found["notes"][1]


class _Own:
    """A user's own object: no names, and it takes columns out of a frame."""

    def __init__(self, model):
        self.inside = model

    def predict(self, rows):
        return self.inside.predict(rows[["x"]])


def test_an_object_of_ones_own_gets_a_frame():
    model = _Own(MODELS["names"](_table(0)))
    found = ecotone.check(_table(1), _table(2), target="y", model=model).performance
    assert found["reference"]["value"] == pytest.approx((model.predict(_table(1)) == _table(1)["y"]).mean())
    assert found["details"]["columns"]["source"] == "unknown"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "unnamed"}, "1 columns without names .* with features="),
        ({"model": "names", "features": ["b"]}, "not fitted on 'b'; its columns are 'x'"),
        ({"model": "names", "features": ["z"]}, "no column 'z'"),
        ({"model": "names", "features": ["y"]}, "'y' is the target"),
        ({"model": "names", "features": []}, "features is empty"),
        ({"features": ["x"]}, "give model, prediction or probability"),
    ],
)
def test_refused(given, said):
    given = dict(given)
    if "model" in given:
        given["model"] = MODELS[given["model"]](_table(0))
    with pytest.raises(BadInput, match=said):
        ecotone.check(_table(1, 60), _table(2, 60), target="y", **given)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("y", {"yes": "1", "no": "0"}, "'no', 'yes' and that of current has '0', '1'"),
        ("said", {"yes": True, "no": False}, "'no', 'yes' and the model predicts '0', '1'"),
        ("said", {"yes": 0.7, "no": 0.2}, "the model predicts '0.2', '0.7'"),
    ],
)
def test_labels_written_in_two_ways_are_refused(column, values, said):
    before, now = (_table(seed, 60).assign(said=lambda t: t["y"]) for seed in (1, 2))
    before["said"] = before["said"] if column == "y" else before["said"].map(values)
    now[column] = now[column].map(values)
    with pytest.raises(BadInput, match=said):
        ecotone.check(before, now, target="y", prediction="said")


def test_equal_labels_of_several_types_are_one_class():
    before, now = (_table(seed, 200).assign(y=lambda t: (t["y"] == "yes") * 1) for seed in (1, 2))
    before["said"], now["said"] = before["y"].astype(float), now["y"] == 1
    assert ecotone.check(before, now, target="y", prediction="said").performance["actual"]["value"] == 1


def _leaks(columns, y, classes, units=None):
    frame = pd.DataFrame(columns)
    half = len(frame) // 2
    both = align_tables(read_table(frame[:half]), read_table(frame[half:].reset_index(drop=True), name="current"))
    if units is not None:
        both = both.__class__(**{**both.__dict__, "units": (units[:half], units[half:])})
    return leaking_columns(both, (y[:half][both.reference.rows], y[half:][both.current.rows]), classes, 0)


def test_what_counts_as_a_leak():
    rng = np.random.default_rng(4)
    n = 1200
    y, x = rng.integers(0, 2, n), rng.standard_normal(n)
    stamp = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99999, n), "min"))
    columns = {
        "zero unless": y * rng.integers(1, 8, n), "signed": y * x, "missing unless": np.where(y, x, np.nan),
        "half": y * rng.poisson(1, n), "word": np.where(y, rng.choice(list("abc"), n), "none"),
        "date": stamp.where(y == 1), "nearly a copy": np.where(rng.random(n) < 0.003, 1 - y, y),
        "strong": 2.5 * y + x, "noise": rng.standard_normal(n),
    }  # fmt: skip
    assert set(_leaks(columns, y, 2)) == {*columns} - {"strong", "noise"}


def test_leaks_of_numbers_and_of_many_classes():
    rng = np.random.default_rng(5)
    y, x = np.exp(2 * rng.standard_normal(900)), rng.standard_normal(900)
    columns = {"pounds": 2.2 * y + 0.001 * x, "log": np.log(y), "near": y * np.exp(0.3 * x), "noise": x}
    assert set(_leaks(columns, y, 0)) == {"pounds", "log"}
    three = rng.integers(0, 3, 900)
    columns = {"coded": three + 0.1 * x, "one of them": (three == 1) * 1, "noise": x}
    assert set(_leaks(columns, three, 3)) == {"coded"}


def test_a_units_label_is_not_learned_from_its_other_rows():
    rng = np.random.default_rng(6)
    units = np.repeat(np.arange(60), 20)
    y, age = rng.integers(0, 2, 60)[units], np.round(rng.uniform(20, 80, 60), 2)[units]
    assert _leaks({"age": age, "x": rng.standard_normal(1200)}, y, 2, units) == {}
    assert set(_leaks({"age": age, "x": rng.standard_normal(1200)}, y, 2)) == {"age"}, "rows by themselves would"
