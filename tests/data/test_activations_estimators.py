"""Classifiers of scikit-learn's kind: their logits are theirs, and the head makes them of the features."""

import warnings

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from ecotone.contracts import BadInput
from ecotone.data.activations import EstimatorNetwork, read_activations
from ecotone.detect.posthoc import Energy

G = np.random.default_rng(0)
X = G.normal(size=(240, 5))
QUICK = {"n_estimators": 6, "verbose": -1, "n_jobs": 1}
MODELS = {
    "logistic": (LogisticRegression(), 5), "sgd": (SGDClassifier(loss="log_loss"), 5), "svm": (LinearSVC(), 5),
    "discriminant": (LinearDiscriminantAnalysis(), 5), "mlp": (MLPClassifier((8, 6), max_iter=40), 6),
    "tanh": (MLPClassifier((7,), activation="tanh", max_iter=20), 7), "no hidden": (MLPClassifier((), max_iter=20), 5),
    "boosting": (GradientBoostingClassifier(n_estimators=6), 6),
    "hist": (HistGradientBoostingClassifier(max_iter=6), 6),
    "lightgbm": (LGBMClassifier(**QUICK), 6), "forest": (RandomForestClassifier(6), 6),
    "averaged": (LGBMClassifier(**QUICK, boosting_type="rf", subsample=0.5, subsample_freq=1), 6),
    "extra": (ExtraTreesClassifier(6), 6), "pairs": (SVC(kernel="linear"), 5), "kernel": (SVC(), None),
    "neighbours": (KNeighborsClassifier(), None),
}  # fmt: skip
NO_HEAD = {"forest", "extra", "kernel", "neighbours", "averaged"}


def target(classes):
    return np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (classes == 3) * (X[:, 1] > 0.3)]


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("classes", [2, 3])
def test_logits_are_the_classifier_s(name, classes):
    model, width = clone(MODELS[name][0]), MODELS[name][1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # short trainings
        model.set_params(**({"random_state": 0} if "random_state" in model.get_params() else {})).fit(
            X, target(classes)
        )
        net = EstimatorNetwork(model)
        acts = read_activations(net, X, labels=net.encode(target(classes)), batch=100)
        said = model.predict(X)
        p = model.predict_proba(X) if hasattr(model, "predict_proba") else None
    np.testing.assert_array_equal(np.array(net.classes)[acts.logits.argmax(1)], said)
    if p is not None and name != "sgd":  # which normalises the logistics of each class against the rest
        np.testing.assert_allclose(softmax(acts.logits, 1), p, atol=1e-6)
    if name == "pairs" and classes == 3:
        width = None  # coefficients of pairs of classes are no head
    if width is None:
        assert acts.features is None and acts.head is None
        return
    per_class = (
        classes if name in ("boosting", "hist", "lightgbm", "averaged", "forest", "extra") and classes > 2 else 1
    )
    assert acts.features.shape == (240, width * per_class)
    assert (acts.head is None) == (name in NO_HEAD)
    if acts.head is not None:
        weight, bias = acts.head
        np.testing.assert_allclose(acts.features @ weight.T + bias, acts.logits, rtol=1e-4, atol=1e-4)
        assert np.isfinite(Energy().fit(acts).score_samples(acts)).all()


def test_rounds_of_boosting_add_up_to_what_each_round_says():
    """Independent of staged margins: a boosting of fewer rounds is the sum of the first features."""
    long, short = (GradientBoostingClassifier(n_estimators=n, random_state=0).fit(X, target(3)) for n in (8, 5))
    acts = EstimatorNetwork(long)(X)
    np.testing.assert_allclose(
        acts.features.reshape(240, 8, 3)[:, :5].sum(1), short.decision_function(X), rtol=1e-9, atol=1e-9
    )


def test_hidden_layers_are_layers():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((8, 6, 4), max_iter=5, random_state=0).fit(X, target(3))
    acts = read_activations(model, X)
    assert {name: value.shape[1] for name, value in acts.layers.items()} == {"hidden1": 8, "hidden2": 6}
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    np.testing.assert_allclose(acts.layers["hidden1"], hidden, rtol=1e-5, atol=1e-6)
    with pytest.raises(BadInput, match="several labels a row"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read_activations(MLPClassifier((3,), max_iter=2).fit(X, X > 0), X)


def test_pipelines_searches_frames_and_text():
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": np.where(X[:, 2] > 0, "x", "y")})
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["kind"]))
    search = GridSearchCV(make_pipeline(columns, "passthrough", LogisticRegression()), {"logisticregression__C": [1]})
    search.fit(frame, target(2))
    acts = read_activations(search, frame, batch=50)
    np.testing.assert_allclose(acts.features, search.best_estimator_[0].transform(frame), rtol=1e-5)
    np.testing.assert_allclose(softmax(acts.logits, 1), search.predict_proba(frame), atol=1e-6)
    again = acts[np.array([5, 3])]
    np.testing.assert_allclose(again.network(again.inputs).logits, again.logits, rtol=1e-4, atol=1e-5)
    texts = [f"word{i % 3} and more{i % 5}" for i in range(40)]
    bag = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, [i % 3 for i in range(40)])
    acts = read_activations(bag, texts, batch=7)
    np.testing.assert_array_equal(acts.features, bag[0].transform(texts).toarray())
    rows = sparse.csr_array(X)
    model = LogisticRegression().fit(rows, target(2))
    np.testing.assert_allclose(read_activations(model, [rows[:100], rows[100:]]).features, X, rtol=1e-6)


def test_a_reading_of_another_fit_is_refused(tmp_path):
    model = LogisticRegression().fit(X, target(2))
    stored = read_activations(model, X, output=tmp_path / "a")
    assert np.isfinite(Energy().fit(stored).score_samples(stored)).all()
    read_activations(model, X, output=tmp_path / "a")
    with pytest.raises(BadInput, match="state was"):
        read_activations(LogisticRegression(C=0.1).fit(X, target(2)), X, output=tmp_path / "a")


def test_what_is_no_fitted_classifier():
    with pytest.raises(BadInput, match="LinearRegression has neither"):
        read_activations(LinearRegression().fit(X, X[:, 0]), X)
    with pytest.raises(BadInput, match="LogisticRegression has no classes_; give a classifier that is fitted"):
        read_activations(LogisticRegression(), X)
    with pytest.raises(BadInput, match="predicts several outputs"):
        EstimatorNetwork(MultiOutputClassifier(LogisticRegression()).fit(X, X[:, :2] > 0))
    with pytest.raises(BadInput, match="layers= is a setting of the network"):
        read_activations(LogisticRegression().fit(X, target(2)), X, layers=["hidden1"])
