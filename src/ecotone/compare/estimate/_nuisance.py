"""What the estimators share: labels' probabilities given the rows, and the density ratio of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.measure import binnable
from ecotone.measure.scores import Metric

from ._learners import deal, label_trees, log_odds, logistic, moment_trees
from ._predictions import Predictions
from ._row_ratio import RowRatio, row_ratio

T = TypeVar("T")

FOLDS = 3  # two thirds fit each part, and every fold costs a fit of the trees; chosen, not tuned
_CELLS = 600_000  # rows times columns that a ratio is fitted on, per table
_ROWS = 20_000  # that the labels' trees are fitted on: a bound on time; chosen, not tuned
_LEAST_OWN = 1e-4  # probability that our own trees may say
_FEW_ROWS = 4000  # kept for the fit however many the classes; chosen, not tuned
_MOST_STACKED = 10  # classes


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

    def _once(self, key: Any, make: Callable[[], T]) -> T:
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    def part(self, data: Predictions, reference: Ints, current: Ints) -> Nuisance:
        """The same fits at some rows of both tables, of which ``data`` are the predictions."""
        inside = np.isin(self.rows, reference)
        found = Nuisance(data, self.seed)
        w = self.weights[inside]
        found._made["rows"] = np.searchsorted(reference, self.rows[inside])
        found._made["weights"] = w / w.mean() if len(w) else w
        there = self.row_ratio.beyond[np.isin(self.row_ratio.current, current)]
        found._made["beyond"] = float(there.mean()) if len(there) else self.beyond
        if not data.is_regression:
            both = {("calibrated", w): self.calibrated(w) for w in (False, True)} | {"conditional": self.conditional()}
            found._made |= {key: (ref[reference], cur[current]) for key, (ref, cur) in both.items()}
        for key, made in self._made.items():
            if key[0] == "moments":
                found._made[key] = made[0][reference], made[1][current]
        data.cache[("nuisance", self.seed)] = found
        return found

    # ------------------------------------------------------------------ the density ratio of the rows
    @property
    def rows(self) -> Ints:
        """Reference rows that carry weights: all of them, or a random sample of a large table."""
        return self._once("rows", lambda: self._sample(len(self.data.x_reference), 1))

    def _sample(self, n: int, stream: int) -> Ints:
        most = int(np.clip(_CELLS // max(1, self.data.x_reference.shape[1]), 4000, _ROWS))
        if n <= most:
            return np.arange(n)
        return np.sort(as_seed(self.seed, stream).choice(n, most, replace=False))

    @property
    def weights(self) -> Floats:
        """(len(rows),) distribution of the current rows over that of the reference rows, out of fold, mean one."""
        return self._once("weights", lambda: self.row_ratio.weights)

    @property
    def row_ratio(self) -> RowRatio:
        return self._once("row_ratio", lambda: row_ratio(self, self._sample(len(self.data.x_current), 2), FOLDS))

    @property
    def beyond(self) -> float:
        """Share of the current rows for which one reference row would have to stand for more than there can be."""
        return self._once("beyond", lambda: float(self.row_ratio.beyond.mean()))

    @property
    def effective(self) -> float:
        """Effective share of the weighted rows: (sum w)^2 / (n sum w^2)."""
        w = self.weights
        return float(w.sum() ** 2 / (len(w) * (w**2).sum()))

    def features(self, side: str) -> Floats:
        """The columns beside what the model says of the row: its log-odds, or its prediction."""
        said = self.log_odds(side) if self.data.p_reference is not None else self._predicted(side)
        return np.hstack([getattr(self.data, f"x_{side}"), said])

    def _predicted(self, side: str) -> Floats:
        return np.asarray(getattr(self.data, f"predicted_{side}"), dtype=np.float64)[:, None]

    def mask(self, width: int) -> Any:
        mask = np.zeros(width, dtype=bool)
        given = self.data.categorical
        if given is not None:
            mask[: len(given)] = given
        return mask

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
        ref, cur, _ = self._trees
        return {"reference": ref, "current": cur.mean(axis=0)}

    @property
    def _trees(self) -> tuple[Floats, Floats, Ints]:
        """Our trees' class probabilities: reference (out of fold), current by each fold's trees; and the folds."""
        return self._once("trees", self._fit_trees)

    def _fit_trees(self) -> tuple[Floats, Floats, Ints]:
        d, k = self.data, len(self.data.classes)
        x, xc = self.features("reference"), self.features("current")
        y = np.asarray(d.y_reference, dtype=np.int64)
        folds = self.folds(len(x), 5, d.units and d.units[0])
        ref, cur = np.zeros((len(x), k)), np.zeros((FOLDS, len(xc), k))
        for f in range(FOLDS):
            train = np.flatnonzero(folds != f)
            train = train if len(train) else np.arange(len(x))
            most = max(_FEW_ROWS, 2 * _ROWS // max(2, k))  # a tree is grown for every class
            train = train if len(train) <= most else as_seed(self.seed, 9, f).choice(train, most, replace=False)
            if len(np.unique(y[train])) < 2:
                ref[folds == f, y[train][0]], cur[f, :, y[train][0]] = 1, 1
                continue
            tree = label_trees(self.mask(x.shape[1]), self.seed).fit(binnable(x[train]), y[train])
            if (folds == f).any():
                ref[np.ix_(folds == f, tree.classes_)] = tree.predict_proba(x[folds == f])
            cur[f][:, tree.classes_] = tree.predict_proba(xc)
        return ref, cur, folds

    def conditional(self) -> tuple[Floats, Floats]:
        """P(class | row): reference (out of fold) and current (mean over folds), each (n, k).

        Logistic in the model's log-odds and in those of boosted trees grown on the reference from the columns and the
        model's log-odds, which find rows of which the model is surer than it may be. Where the model gives no
        probabilities, and for many classes, the calibrated ones.
        """
        if self.data.p_reference is None or len(self.data.classes) > _MOST_STACKED:
            return self.calibrated()
        return self._once("conditional", self._stack)

    def _stack(self) -> tuple[Floats, Floats]:
        k, y = len(self.data.classes), np.asarray(self.data.y_reference, dtype=np.int64)
        own, own_cur, folds = self._trees
        z = np.hstack([self.log_odds("reference"), log_odds(own, _LEAST_OWN)])
        ref, cur = np.zeros((len(y), k)), np.zeros((len(own_cur[0]), k))
        for f in range(FOLDS):
            keep = folds != f if (folds != f).any() else np.ones(len(y), dtype=bool)
            line = logistic(z[keep], y[keep], np.ones(int(keep.sum())), k)
            if (folds == f).any():
                ref[folds == f] = line(z[folds == f])
            cur += line(np.hstack([self.log_odds("current"), log_odds(own_cur[f], _LEAST_OWN)])) / FOLDS
        return ref, cur

    def calibrated(self, weighted: bool = False) -> tuple[Floats, Floats]:
        """P(class | what the model says): reference (out of fold) and current, each (n, k).

        Logistic in the log-odds; ``weighted``: fitted on the reference rows with their weights.
        """
        return self._once(("calibrated", weighted), lambda: self._calibrate(weighted))

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
            ref[folds == f] = logistic(z[rows[keep]], y[rows[keep]], w[keep], k)(z[folds == f])
        return ref, logistic(z[rows], y[rows], w, k)(zc)

    # ------------------------------------------------------------------ moments given the rows
    def moments(self, metric: Metric) -> tuple[Floats, Floats]:
        """E(moments of the metric | row) by boosted trees: reference (out of fold) and current, each (n, m)."""
        return self._once(("moments", metric.name), lambda: self._fit_moments(metric))

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
                tree = moment_trees(self.mask(x.shape[1]), self.seed).fit(binnable(x[train]), target[train, m])
                if (folds == f).any():
                    ref[folds == f, m] = tree.predict(x[folds == f])
                cur[:, m] += tree.predict(xc) / FOLDS
        return ref, cur
