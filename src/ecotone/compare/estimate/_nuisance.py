"""What the estimators share: labels' probabilities given the rows, and the ratio of the two laws of the rows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.measure._binnable import binnable
from ecotone.measure.scores import Metric

from ._predictions import Predictions

FOLDS = 3
_CELLS = 600_000  # rows times columns that a ratio is fitted on, per table
_ROWS = 20_000
_MOST_WEIGHT = 50.0  # a row counts for at most this many
_TINY = 1e-6


def nuisance(predictions: Predictions, seed: int) -> Nuisance:
    """The shared fits of these predictions; made once per seed."""
    found: Nuisance = predictions.cache.setdefault(("nuisance", seed), Nuisance(predictions, seed))
    return found


class Nuisance:
    """Fits that several estimators read, each made on first use."""

    def __init__(self, predictions: Predictions, seed: int) -> None:
        self.data = predictions
        self.seed = seed
        self._made: dict[Any, Any] = {}

    def _once(self, key: Any, make: Any) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def part(self, data: Predictions, reference: Ints, current: Ints) -> Nuisance:
        """The same fits at some rows of both tables, of which ``data`` are the predictions."""
        inside = np.isin(self.rows, reference)
        found = Nuisance(data, self.seed)
        w = self.weights[inside]
        found._made["rows"] = np.searchsorted(reference, self.rows[inside])
        found._made["weights"] = w / w.mean() if len(w) else w
        for key in (("calibrated", False), ("calibrated", True)) if not data.is_regression else ():
            ref, cur = self.calibrated(key[1])
            found._made[key] = ref[reference], cur[current]
        for key, made in self._made.items():
            if key[0] == "moments":
                found._made[key] = made[0][reference], made[1][current]
        data.cache[("nuisance", self.seed)] = found
        return found

    # ------------------------------------------------------------------ the two laws of the rows
    @property
    def rows(self) -> Ints:
        """Reference rows that carry weights: all of them, or a random sample of a large table."""
        return self._once("rows", lambda: self._sample(len(self.data.x_reference), 1))  # type: ignore[no-any-return]

    def _sample(self, n: int, stream: int) -> Ints:
        most = int(np.clip(_CELLS // max(1, self.data.x_reference.shape[1]), 4000, _ROWS))
        if n <= most:
            return np.arange(n)
        return np.sort(as_seed(self.seed, stream).choice(n, most, replace=False))

    @property
    def weights(self) -> Floats:
        """(len(rows),) law of the current rows over that of the reference rows, out of fold, mean one."""
        return self._once("weights", self._fit_weights)  # type: ignore[no-any-return]

    @property
    def effective(self) -> float:
        """Effective share of the weighted rows: (sum w)^2 / (n sum w^2)."""
        w = self.weights
        return float(w.sum() ** 2 / (len(w) * (w**2).sum()))

    def _fit_weights(self) -> Floats:
        d = self.data
        ref, cur = self.rows, self._sample(len(d.x_current), 2)
        x = np.vstack([self.features("reference")[ref], self.features("current")[cur]])
        label = np.repeat([0, 1], [len(ref), len(cur)])
        units = None if d.units is None else (d.units[0][ref], d.units[1][cur])
        folds = np.concatenate(
            [self.folds(len(ref), 3, units and units[0]), self.folds(len(cur), 4, units and units[1])]
        )
        odds = np.empty(len(ref))
        for k in range(FOLDS):
            test, both = np.flatnonzero(folds[: len(ref)] == k), len(np.unique(label[folds != k])) == 2
            if len(test) == 0 or not both:  # too few rows or units to compare: no weight but one
                odds[test] = len(cur) / len(ref)
                continue
            tree = self._classifier(x.shape[1]).fit(binnable(x[folds != k]), label[folds != k])
            p = np.clip(tree.predict_proba(x[test])[:, 1], 1e-4, 1 - 1e-4)
            odds[test] = p / (1 - p)
        w = np.minimum(odds * len(ref) / len(cur), _MOST_WEIGHT)
        return w / w.mean()  # type: ignore[no-any-return]

    def features(self, side: str) -> Floats:
        """The columns beside what the model says of the row: its log-odds, or its prediction."""
        said = self.log_odds(side) if self.data.p_reference is not None else self._predicted(side)
        return np.hstack([getattr(self.data, f"x_{side}"), said])

    def _predicted(self, side: str) -> Floats:
        return np.asarray(getattr(self.data, f"predicted_{side}"), dtype=np.float64)[:, None]

    def _mask(self, width: int) -> Any:
        mask = np.zeros(width, dtype=bool)
        given = self.data.categorical
        if given is not None:
            mask[: len(given)] = given
        return mask

    def _classifier(self, width: int) -> Any:
        return HistGradientBoostingClassifier(
            max_iter=80, max_leaf_nodes=15, max_bins=63, learning_rate=0.1, l2_regularization=1.0,
            categorical_features=_no_rare(self._mask(width)), early_stopping=False, random_state=self.seed,
        )  # fmt: skip

    def folds(self, n: int, stream: int, units: Ints | None) -> Ints:
        """A fold for every row; rows of one unit share theirs."""
        return deal(n, FOLDS, as_seed(self.seed, stream), units)

    # ------------------------------------------------------------------ labels given the rows
    def log_odds(self, side: str) -> Floats:
        """(n, 1) log-odds of two classes, (n, k) log-probabilities of more, as the model gives them."""
        p = getattr(self.data, f"p_{side}")
        return log_odds(p if p is not None else self._own[side])

    @property
    def _own(self) -> dict[str, Floats]:
        """Class probabilities of our own where the model gives none: out of fold on the reference."""
        return self._once("own", self._fit_own)  # type: ignore[no-any-return]

    def _fit_own(self) -> dict[str, Floats]:
        d, k = self.data, len(self.data.classes)
        x, xc = self.features("reference"), self.features("current")
        y = np.asarray(d.y_reference, dtype=np.int64)
        folds = self.folds(len(x), 5, d.units and d.units[0])
        ref, cur = np.zeros((len(x), k)), np.zeros((len(xc), k))
        for f in range(FOLDS):
            train = np.flatnonzero(folds != f)[:_ROWS]
            train = train if len(train) else np.arange(len(x))
            if len(np.unique(y[train])) < 2:
                ref[folds == f, y[train][0]], cur[:, y[train][0]] = 1, cur[:, y[train][0]] + 1 / FOLDS
                continue
            tree = self._classifier(x.shape[1]).fit(binnable(x[train]), y[train])
            if (folds == f).any():
                ref[np.ix_(folds == f, tree.classes_)] = tree.predict_proba(x[folds == f])
            cur[:, tree.classes_] += tree.predict_proba(xc) / FOLDS
        return {"reference": ref, "current": cur}

    def calibrated(self, weighted: bool = False) -> tuple[Floats, Floats]:
        """P(class | what the model says): reference (out of fold) and current, each (n, k).

        Logistic in the log-odds; ``weighted``: fitted on the reference rows with their weights.
        """
        return self._once(("calibrated", weighted), lambda: self._calibrate(weighted))  # type: ignore[no-any-return]

    def _calibrate(self, weighted: bool) -> tuple[Floats, Floats]:
        d, k = self.data, len(self.data.classes)
        rows = self.rows if weighted else np.arange(len(d.x_reference))
        w = self.weights if weighted else np.ones(len(rows))
        z, zc = self.log_odds("reference"), self.log_odds("current")
        y = np.asarray(d.y_reference, dtype=np.int64)
        folds = self.folds(len(y), 6, d.units and d.units[0])
        ref = np.zeros((len(y), k))
        for f in range(FOLDS):
            keep = folds[rows] != f if len(np.unique(folds)) > 1 else np.ones(len(rows), dtype=bool)
            if not (folds == f).any():
                continue
            ref[folds == f] = _logistic(z[rows[keep]], y[rows[keep]], w[keep], k)(z[folds == f])
        return ref, _logistic(z[rows], y[rows], w, k)(zc)

    # ------------------------------------------------------------------ moments given the rows
    def moments(self, metric: Metric) -> tuple[Floats, Floats]:
        """E(moments of the metric | row) by boosted trees: reference (out of fold) and current, each (n, m)."""
        return self._once(("moments", metric.name), lambda: self._fit_moments(metric))  # type: ignore[no-any-return]

    def _fit_moments(self, metric: Metric) -> tuple[Floats, Floats]:
        d = self.data
        x, xc = self.features("reference"), self.features("current")
        target = metric.moments_of(d.y_reference, d.predicted_reference)
        folds = self.folds(len(x), 7, d.units and d.units[0])
        ref, cur = np.empty_like(target), np.zeros((len(xc), target.shape[1]))
        for f in range(FOLDS):
            train = np.flatnonzero(folds != f)
            train = train if len(train) else np.arange(len(x))
            train = train if len(train) <= _ROWS else as_seed(self.seed, 8, f).choice(train, _ROWS, replace=False)
            for m in range(target.shape[1]):
                tree = HistGradientBoostingRegressor(
                    max_iter=80, max_leaf_nodes=15, max_bins=63, l2_regularization=1.0, min_samples_leaf=30,
                    categorical_features=_no_rare(self._mask(x.shape[1])), early_stopping=False, random_state=self.seed,
                ).fit(binnable(x[train]), target[train, m])  # fmt: skip
                if (folds == f).any():
                    ref[folds == f, m] = tree.predict(x[folds == f])
                cur[:, m] += tree.predict(xc) / FOLDS
        return ref, cur


def _no_rare(mask: Any) -> Any:
    return mask if mask.any() else None


def deal(n: int, folds: int, rng: np.random.Generator, units: Ints | None = None) -> Ints:
    """Folds of equal size at random; rows of one unit share theirs."""
    if units is None:
        return rng.permutation(n) % folds
    _, of = np.unique(units, return_inverse=True)
    return (rng.permutation(int(of.max()) + 1) % folds)[of]


def log_odds(p: Floats) -> Floats:
    """(n, 1) log-odds of two classes, (n, k) log-probabilities of more."""
    z = np.log(np.clip(p, _TINY, 1 - _TINY))
    return (z[:, 1] - z[:, 0])[:, None] if p.shape[1] == 2 else z  # type: ignore[no-any-return]


def _logistic(z: Floats, y: Ints, weight: Floats, k: int) -> Any:
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
