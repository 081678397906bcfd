"""Density ratio from a cross-fitted classifier that tells the two samples apart."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ecotone.cards import Card
from ecotone.contracts import BadInput, Bools, Expectation, Floats, InputsMoved, Ints, as_seed, part_of_loss
from ecotone.measure import binnable

CARD = Card(
    name="ClassifierRatio",
    summary="Density ratio current over reference from the odds of a cross-fitted, calibrated classifier.",
    contract="Weights",
    title="Discriminative Learning for Differing Training and Test Distributions",
    authors=("Bickel, Steffen", "Brückner, Michael", "Scheffer, Tobias"),
    year=2007,
    venue="ICML",
    link="https://doi.org/10.1145/1273496.1273507",
    remedy_for=("covariate",),
    advice="Weight the reference rows by the estimated density ratio and refit the model.",
    tier="method",
)

_LEAST_EFFECTIVE = 0.1  # share of the reference below which weights leave too little to fit on
_MOST_LEVELS = 254  # codes that histogram trees can tell apart


class ClassifierRatio(BaseEstimator):
    r"""Density ratio by probabilistic classification, with no row weighted by a model that saw it.

    A classifier of current (1) against reference (0) rows has :math:`s(x) \approx \log p(1|x)/p(0|x)`. Each fold's
    model scores the rows of the other folds' complement; one logistic map :math:`a + b\,s`, b at least 0, is fitted
    to all out-of-fold scores (two numbers, the only thing that sees every row), and

    .. math:: w(x) = \frac{n_{ref}}{n_{cur}}\, e^{a + b\,s(x)},

    truncated at :math:`\sqrt{n_{ref}}` (Ionides, 2008) and scaled to mean 1 over the reference. Where nothing
    changed b tends to 0 and the weights to 1.

    Parameters
    ----------
    learner : {"trees", "logistic"}
        Histogram gradient boosting; or logistic regression, linear in the numeric columns.
    categorical_features : (d,) bool array or None
        Columns that hold codes 0, 1, ... of categories.
    folds : int
    max_weight : float or None
        Truncation; None: the square root of the number of reference rows.
    random_state : int or None

    Attributes
    ----------
    reference_weights_, current_weights_ : (n,), (m,) float64
        Out of fold.
    models_ : list of the folds' classifiers; calibration_ : (a, b); scale_ : float

    References
    ----------
    Bickel, Brückner and Scheffer (2007), https://doi.org/10.1145/1273496.1273507;
    Ionides (2008), https://doi.org/10.1198/106186008X320456

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-3, 3, 600)[:, None]
    >>> ratio = ClassifierRatio("logistic").fit(x, x[x[:, 0] > 0])
    >>> bool(ratio.predict([[2.0]])[0] > 1 > ratio.predict([[-2.0]])[0])
    True
    """

    def __init__(
        self,
        learner: Literal["trees", "logistic"] = "trees",
        categorical_features: Any = None,
        folds: int = 3,
        max_weight: float | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.learner = learner
        self.categorical_features = categorical_features
        self.folds = folds
        self.max_weight = max_weight
        self.random_state = random_state

    def fit(self, X_reference: Any, X_current: Any, *, units: tuple[Any, Any] | None = None) -> ClassifierRatio:
        """Fit on (n, d) reference and (m, d) current rows; NaN is a missing value.

        ``units``: (n,) and (m,) codes; rows of one table with equal codes share a fold.
        """
        a, b = _matrix(X_reference, "X_reference"), _matrix(X_current, "X_current")
        if a.shape[1] != b.shape[1]:
            raise BadInput(f"X_reference has {a.shape[1]} columns and X_current has {b.shape[1]}; give both the same")
        if self.folds < 2 or min(len(a), len(b)) < 2 * self.folds:
            raise BadInput(f"{len(a)} and {len(b)} rows are too few for {self.folds} folds of 2 rows or more")
        if self.learner not in ("trees", "logistic"):
            raise BadInput(f"learner is {self.learner!r}; give 'trees' or 'logistic'")
        self.n_features_in_ = a.shape[1]
        self.categorical_ = self._mask(a.shape[1])
        fold = np.concatenate([self._folds(len(a), 0, units), self._folds(len(b), 1, units)])
        X, current = self._clip(np.vstack([a, b])), np.repeat([0, 1], [len(a), len(b)])
        score = np.empty(len(X))
        self.models_ = []
        for k in range(self.folds):
            model = self._learner(X).fit(binnable(X[fold != k]), current[fold != k])
            score[fold == k] = _log_odds(model, X[fold == k])
            self.models_.append(model)
        self.calibration_ = _logistic_line(score, current)
        self._log_prior = float(np.log(len(a) / len(b)))
        self.cap_ = float(self.max_weight or np.sqrt(len(a)))
        self.scale_ = 1.0
        w = self._weights(score)
        self.scale_ = 1 / max(float(w[: len(a)].mean()), np.finfo(float).tiny)
        self.reference_weights_, self.current_weights_ = w[: len(a)] * self.scale_, w[len(a) :] * self.scale_
        return self

    def predict(self, X: Any) -> Floats:
        """(n,) weights of rows that ``fit`` did not see: the folds' log-odds averaged."""
        x = _matrix(X, "X")
        if x.shape[1] != self.n_features_in_:
            raise BadInput(f"X has {x.shape[1]} columns and the reference had {self.n_features_in_}; give the same")
        x = self._clip(x)
        return self._weights(np.mean([_log_odds(model, x) for model in self.models_], axis=0))

    def fit_predict_reference(self, X_reference: Any, X_current: Any, **how: Any) -> Floats:
        """Fit, and return the out-of-fold weights of the reference rows, mean 1."""
        return self.fit(X_reference, X_current, **how).reference_weights_

    def _weights(self, score: Floats) -> Floats:
        a, b = self.calibration_
        return np.asarray(np.exp(np.minimum(a + b * score + self._log_prior, np.log(self.cap_))) * self.scale_)

    def _mask(self, d: int) -> Bools:
        mask = np.zeros(d, bool) if self.categorical_features is None else np.asarray(self.categorical_features)
        if mask.dtype != np.bool_ or mask.shape != (d,):
            raise BadInput(f"categorical_features must be {d} booleans, one for each column")
        return mask

    def _clip(self, X: Floats) -> Floats:
        return np.where(self.categorical_ & (X > _MOST_LEVELS), _MOST_LEVELS, X) if self.categorical_.any() else X

    def _folds(self, n: int, side: int, units: tuple[Any, Any] | None) -> Ints:
        _, code = np.unique(np.arange(n) if units is None else np.asarray(units[side]), return_inverse=True)
        count = int(code.max()) + 1
        if len(code) != n or count < self.folds:
            raise BadInput(f"units must give {n} codes with at least {self.folds} different ones, got {count}")
        turn = np.arange(count) % self.folds
        return np.asarray(as_seed(self.random_state, side).permutation(turn)[code])

    def _learner(self, X: Floats) -> Any:
        mask = self.categorical_
        if self.learner == "trees":
            wide = mask.any() and np.nanmax(X[:, mask], initial=0) >= 63
            return HistGradientBoostingClassifier(
                max_iter=40, learning_rate=0.05, max_leaf_nodes=8,
                min_samples_leaf=max(5, min(100, len(X) // 40)),
                max_bins=255 if wide else 63, l2_regularization=1.0,
                early_stopping=False, categorical_features=mask if mask.any() else None, random_state=0,
            )  # fmt: skip
        numeric = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
        coded = make_pipeline(
            SimpleImputer(strategy="constant", fill_value=-1), OneHotEncoder(handle_unknown="ignore", min_frequency=10)
        )
        columns = ColumnTransformer([("numeric", numeric, ~mask), ("coded", coded, mask)])
        return make_pipeline(columns, LogisticRegression(max_iter=300))


def _matrix(x: Any, name: str) -> Floats:
    try:
        a = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} must be numeric: {error}") from None
    a = a[:, None] if a.ndim == 1 else a
    if a.ndim != 2 or 0 in a.shape:
        raise BadInput(f"{name} must be a non-empty (n, d) array, got shape {np.shape(x)}")
    if np.isinf(a).any():
        i, j = np.argwhere(np.isinf(a))[0]
        raise BadInput(f"{name} has {a[i, j]} at row {i}, column {j}; remove it or make it NaN")
    return a


def _log_odds(model: Any, X: Floats) -> Floats:
    return np.asarray(model.decision_function(X), dtype=np.float64)


def _logistic_line(score: Floats, y: Ints) -> tuple[float, float]:
    """Maximum-likelihood (a, b) of log-odds a + b * score; b at least 0."""
    line = LogisticRegression(C=1e6, max_iter=300).fit(score[:, None], y)
    a, b = float(line.intercept_[0]), float(line.coef_[0, 0])
    return (a, b) if b > 0 else (float(np.log(y.mean() / (1 - y.mean()))), 0.0)


def expected_for_covariate(case: InputsMoved) -> Expectation:
    """What weights can win back is only bounded from above, so it counts half; nothing where they leave few rows."""
    words = f"Can win back at most {case.at_most:.3g} of {case.metric}, as far as the model was too simple"
    numbers: dict[str, Any] = {"at_most": case.at_most}
    weight = 3.0 + 0.5 * part_of_loss(case.at_most, case.loss)
    if case.effective is not None:
        rows = round(case.effective * case.reference_rows)
        numbers |= {"effective_share": case.effective, "effective_rows": rows}
        words += f"; the weighted reference rows are worth {rows:,} ({case.effective:.0%} of them)"
        if case.effective < _LEAST_EFFECTIVE:
            weight = 1.5
            words += ", few to fit on"
    return Expectation(words + ".", weight, numbers)
