"""What a fitted classifier computes on the way to its classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ecotone.contracts import BadInput, Floats, Head

FLOOR = 1e-9  # of probabilities, before the logarithm: trees give exact zeros

_ACTIVATION: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "identity": lambda z: z, "logistic": lambda z: expit(z),
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """Features, logits, head and layers of one block."""

    logits: Floats
    features: Floats | None = None
    head: Head | None = None
    layers: Mapping[str, Floats] = field(default_factory=dict)


def read_parts(model: Any, x: Any) -> Parts:
    """The parts of a fitted classifier, by its kind."""
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
    )
    from sklearn.neural_network import MLPClassifier

    if isinstance(model, MLPClassifier):
        return perceptron(model, x)
    if isinstance(model, GradientBoostingClassifier | HistGradientBoostingClassifier):
        return boosting(model, x)
    if isinstance(model, RandomForestClassifier | ExtraTreesClassifier):
        return forest(model, x)
    if type(model).__module__.startswith("lightgbm") and hasattr(model, "booster_"):
        return leaves(model, x)
    if hasattr(model, "coef_") and hasattr(model, "decision_function"):
        return linear(model, x)
    return plain(model, x)


def two_sided(margin: NDArray[Any]) -> Floats:
    """Margins ``(n,)`` of two classes as logits ``(-m/2, m/2)``, whose softmax is the logistic of m."""
    m = np.asarray(margin, float).reshape(len(margin), -1)
    return np.hstack([-m / 2, m / 2]) if m.shape[1] == 1 else m


def linear(model: Any, x: Any) -> Parts:
    """Features are the inputs, the head the coefficients."""
    coef = model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_
    weight, bias = np.atleast_2d(coef), np.atleast_1d(np.asarray(model.intercept_, float))
    logits = two_sided(model.decision_function(x))
    bias = np.broadcast_to(bias, (len(weight),))
    head = _sided(weight, bias)
    features = dense(x)
    ours = features @ head.weight.T + head.bias if features.shape[1] == head.weight.shape[1] else None
    if ours is None or ours.shape != logits.shape or not np.allclose(ours, logits, rtol=1e-4, atol=1e-6):
        return plain(model, x)  # coefficients of something else, such as of pairs of classes
    return Parts(logits, features, head)


def perceptron(model: Any, x: Any) -> Parts:
    """Features are the last hidden layer; the ones before are layers."""
    if model.out_activation_ == "logistic" and model.n_outputs_ > 1:
        raise BadInput("the network has several labels a row; give one that tells classes apart")
    act = _ACTIVATION[model.activation]
    hidden, layers = dense(x), {}
    for i, (weight, bias) in enumerate(zip(model.coefs_[:-1], model.intercepts_[:-1]), 1):
        hidden = act(hidden @ weight + bias)
        layers[f"hidden{i}"] = hidden
    if layers:
        layers.popitem()
    head = _sided(model.coefs_[-1].T, model.intercepts_[-1])
    return Parts(hidden @ head.weight.T + head.bias, hidden, head, layers)


def boosting(model: Any, x: Any) -> Parts:
    """Features are what each round adds to each class's margin, so that the head sums them.

    The first round's has the constant start in it.
    """
    stages = np.stack([np.asarray(s, float).reshape(len(s), -1) for s in model.staged_decision_function(x)], 1)
    rounds = np.diff(stages, axis=1, prepend=0.0)  # (n, rounds, margins)
    return _summed(rounds, two_sided(stages[:, -1]))


def leaves(model: Any, x: Any) -> Parts:
    """As :func:`boosting`, from the values of LightGBM's leaves."""
    booster = model.booster_
    margins = max(booster.num_model_per_iteration(), 1)
    logits = two_sided(model.predict(x, raw_score=True))
    used = np.asarray(model.predict(x, pred_leaf=True)).reshape(len(logits), -1)
    table = np.zeros((used.shape[1], int(used.max(initial=0)) + 1))
    for tree in range(used.shape[1]):
        for leaf in np.unique(used[:, tree]).tolist():
            table[tree, leaf] = booster.get_leaf_output(tree, leaf)
    values = table[np.arange(used.shape[1]), used]
    if model.get_params().get("boosting_type") == "rf":  # whose probabilities are of the mean, not of the sum
        return Parts(logarithms(model.predict_proba(x)), values)
    return _summed(values.reshape(len(values), -1, margins), logits)


def forest(model: Any, x: Any) -> Parts:
    """Features are each tree's probabilities (of two classes, the second's); logits the logarithm of their mean."""
    given = _as_trees_read(x)
    each = np.stack([tree.predict_proba(given) for tree in model.estimators_], 1)
    kept = each[..., 1:] if each.shape[2] == 2 else each
    return Parts(logarithms(each.mean(1)), kept.reshape(len(kept), -1))


def plain(model: Any, x: Any) -> Parts:
    """Logits are the logarithms of probabilities, or the decision function where there are none."""
    if hasattr(model, "predict_proba"):
        return Parts(logarithms(model.predict_proba(x)))
    return Parts(two_sided(model.decision_function(x)))


def logarithms(p: NDArray[Any]) -> Floats:
    """Logarithms of probabilities, which are at least 1e-9."""
    return np.asarray(np.log(np.maximum(np.asarray(p, float), FLOOR)))


def dense(x: Any) -> Floats:
    """A block as a matrix of numbers."""
    values = x.toarray() if hasattr(x, "toarray") else x
    return np.asarray(values, float)


def _as_trees_read(x: Any) -> NDArray[np.float32]:
    """What a forest gives to its trees, which know no names of columns."""
    return np.ascontiguousarray(dense(x), np.float32)


def _sided(weight: Floats, bias: Floats) -> Head:
    if len(weight) > 1:
        return Head(np.asarray(weight, float), np.asarray(bias, float))
    return Head(np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2)


def _summed(rounds: Floats, logits: Floats) -> Parts:
    """Contributions ``(n, rounds, margins)`` with the head that adds them up."""
    margins = rounds.shape[2]
    weight = np.tile(np.eye(margins), rounds.shape[1])
    return Parts(logits, rounds.reshape(len(rounds), -1), _sided(weight, np.zeros(margins)))
