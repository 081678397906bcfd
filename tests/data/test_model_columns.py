"""Which columns a fitted model reads, in every kind of wrapper."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ecotone.contracts import BadInput
from ecotone.data._model_columns import model_columns

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.standard_normal((120, 4)), columns=["x 1", "b", "c(d)", "e"])
Y = (X["b"] > 0).astype(int)
TABLE = ["y", *X.columns[::-1], "other"]
ALL = ("x 1", "b", "c(d)", "e")
NARROW = ("x 1", "b", "e")


def _boosted():
    return lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1)


def _narrow():
    parts = [("a", StandardScaler(), ["x 1", "b"]), ("o", "passthrough", make_column_selector("e"))]
    return ColumnTransformer(parts)


def _one(columns):
    return make_pipeline(ColumnTransformer([("a", StandardScaler(), columns)]), LogisticRegression())


MODELS = {
    "linear": (LogisticRegression(), ALL),
    "forest": (RandomForestClassifier(3), ALL),
    "pipeline": (make_pipeline(StandardScaler(), LogisticRegression()), ALL),
    "columns": (make_pipeline(_narrow(), LogisticRegression()), NARROW),
    "columns deep": (make_pipeline(make_pipeline(_narrow()), LogisticRegression()), NARROW),
    "columns after a function": (make_pipeline(FunctionTransformer(), _narrow(), LogisticRegression()), NARROW),
    "by position": (_one([0, 2]), ("x 1", "c(d)")),
    "by mask": (_one([False, True, False, False]), ("b",)),
    "by slice of names": (_one(slice("x 1", "b")), ("x 1", "b")),
    "by slice": (_one(slice(1, 3)), ("b", "c(d)")),
    "remainder": (
        make_pipeline(ColumnTransformer([("a", "drop", [0])], remainder="passthrough"), LogisticRegression()),
        ALL[1:],
    ),
    "search": (GridSearchCV(make_pipeline(_narrow(), LogisticRegression()), {"logisticregression__C": [1, 2]}), NARROW),
    "calibrated": (CalibratedClassifierCV(make_pipeline(_narrow(), LogisticRegression()), cv=2), NARROW),
    "voting": (VotingClassifier([("a", _one(["x 1"])), ("b", _one(["b"]))]), ("x 1", "b")),
    "stacking": (StackingClassifier([("a", _one(["e"]))], LogisticRegression()), ("e",)),
    "stacking all": (StackingClassifier([("a", _one(["e"]))], LogisticRegression(), passthrough=True), ALL),
    "regression": (make_pipeline(_narrow(), LinearRegression()), NARROW),
}


@pytest.mark.parametrize("kind", MODELS)
def test_names_are_found_and_dropped_columns_left_out(kind):
    model, reads = MODELS[kind]
    found = model_columns(model.fit(X, Y), TABLE)
    assert (found.given, found.reads) == (ALL, reads)


def test_a_selection_reads_what_it_keeps():
    found = model_columns(make_pipeline(SelectKBest(k=1), LogisticRegression()).fit(X, Y), TABLE)
    assert found.given == ALL and found.reads == ("b",)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda m: m,
        lambda m: Pipeline([("m", m)]),
        lambda m: make_pipeline(StandardScaler(), m),
        lambda m: CalibratedClassifierCV(m, cv=2),
        lambda m: VotingClassifier([("a", m), ("b", LogisticRegression())]),
        lambda m: GridSearchCV(m, {"num_leaves": [2, 3]}, cv=2),
    ],
)
def test_lightgbm_s_underscores_match_the_columns(wrap):
    few = X.drop(columns="c(d)")
    found = model_columns(wrap(_boosted()).fit(few, Y), TABLE)
    assert found.given == tuple(few.columns)


def test_boosters_name_their_columns_too():
    model = _boosted().fit(X.drop(columns="c(d)"), Y)
    assert model_columns(model.booster_, TABLE).given == NARROW


@pytest.mark.parametrize("twin", ["x_1", "x-1"])
def test_columns_that_lightgbm_calls_alike_are_refused(twin):
    model = _boosted().fit(X.drop(columns="c(d)"), Y)
    with pytest.raises(BadInput, match=f"calls a column 'x_1'.* has 'x 1' and '{twin}'"):
        model_columns(model, ["x 1", twin, "b", "e"])
    exact = make_pipeline(StandardScaler(), _boosted()).fit(X.drop(columns="c(d)"), Y)
    assert model_columns(exact, ["x 1", twin, "b", "e"]).given == NARROW, "the scaler keeps the exact names"


def test_names_that_a_library_made_up_are_none():
    few = X.to_numpy()
    for model in (_boosted().fit(few, Y), LogisticRegression().fit(few, Y), object(), 3):
        assert model_columns(model, TABLE) is None


class _Cat:
    feature_names_ = ("b", "e")


class _Xgb:
    feature_names = ("b", "e")


class _Unnamed:
    feature_names_ = ("0", "1")
    feature_names = None


def test_other_libraries_attributes():
    assert model_columns(_Cat(), TABLE).given == model_columns(_Xgb(), TABLE).given == ("b", "e")
    assert model_columns(_Unnamed(), TABLE) is None


class _Own:
    def __init__(self, model):
        self.model = model


def test_a_wrapper_of_the_users_own_is_no_promise():
    found = model_columns(_Own(LogisticRegression().fit(X, Y)), TABLE)
    assert found.given == ALL and not found.sure
    made = LogisticRegression().fit(X[["b"]].rename(columns={"b": "b squared"}), Y)
    assert model_columns(_Own(made), TABLE) is None, "made inside from other columns"


def test_a_column_that_the_table_lacks_is_named():
    with pytest.raises(BadInput, match="fitted on 'b', which current lacks"):
        model_columns(LogisticRegression().fit(X, Y), ["x 1", "c(d)", "e"], "current")
