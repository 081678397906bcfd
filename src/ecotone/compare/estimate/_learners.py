"""The learners behind the shared fits, and folds."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from ecotone.contracts import Bools, Floats, Ints


def ratio_trees(categorical: Bools, seed: int) -> Any:
    """Tell current rows from reference rows.

    Deeper and less restrained than ``measure.ratios.ClassifierRatio``: on simulated shifts towards rows that are hard
    to predict, trees of that kind left more of the shift unseen, and the weighted residual too small.
    """
    return HistGradientBoostingClassifier(learning_rate=0.1, max_leaf_nodes=15, **_shared(categorical, 80, seed))


def label_trees(categorical: Bools, seed: int) -> Any:
    """Predict the label from the columns and what the model says."""
    return HistGradientBoostingClassifier(
        learning_rate=0.08, max_leaf_nodes=8, min_samples_leaf=30, **_shared(categorical, 60, seed)
    )


def moment_trees(categorical: Bools, seed: int) -> Any:
    """Predict a regression's loss from the columns and the prediction."""
    return HistGradientBoostingRegressor(max_leaf_nodes=15, min_samples_leaf=30, **_shared(categorical, 80, seed))


def _shared(categorical: Bools, rounds: int, seed: int) -> dict[str, Any]:
    return {"max_iter": rounds, "max_bins": 63, "l2_regularization": 1.0, "early_stopping": False,
            "categorical_features": categorical if categorical.any() else None, "random_state": seed}  # fmt: skip


def deal(n: int, folds: int, rng: np.random.Generator, units: Ints | None = None) -> Ints:
    """Folds of equal size at random; rows of one unit share theirs."""
    if units is None:
        return rng.permutation(n) % folds
    _, of = np.unique(units, return_inverse=True)
    return (rng.permutation(int(of.max()) + 1) % folds)[of]


def log_odds(p: Floats, least: float = 1e-6) -> Floats:
    """(n, 1) log-odds of two classes, (n, k) log-probabilities of more."""
    z = np.log(np.clip(p, least, 1 - least))
    return np.diff(z, axis=1) if p.shape[1] == 2 else z


def logistic(z: Floats, y: Ints, weight: Floats, k: int) -> Any:
    """A map from log-odds to class probabilities, fitted by (multinomial) logistic regression."""
    present = np.unique(y)
    if len(present) < 2:
        return lambda new: np.tile(np.eye(k)[present[0]], (len(new), 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all but separable classes: far enough
        fit = LogisticRegression(C=100.0, max_iter=300).fit(z, y, sample_weight=weight)

    def probabilities(new: Floats) -> Floats:
        p = np.zeros((len(new), k))
        p[:, fit.classes_] = fit.predict_proba(new)
        return p

    return probabilities
