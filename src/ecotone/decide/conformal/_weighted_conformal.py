"""Conformal p-values under a covariate shift that is known or estimated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Bools, Floats, Scorer
from ecotone.decide.multiple_testing import as_level

from ._calibrated import _scores

CARD = Card(
    name="WeightedConformal",
    summary="Conformal p-values against a reweighted reference.",
    contract="Conformal",
    title="Conformal Prediction Under Covariate Shift",
    authors=("Tibshirani, Ryan J.", "Foygel Barber, Rina", "Candès, Emmanuel J.", "Ramdas, Aaditya"),
    year=2019,
    venue="NeurIPS",
    link="https://arxiv.org/abs/1904.06019",
    reads=("rows",),
    remedy_for=("covariate", "outliers"),
    advice="Judge rows against the reference reweighted to today's mix.",
)


class WeightedConformal:
    r"""Conformal p-values for rows whose distribution is the calibration distribution times a ratio w.

    .. math:: p(x) = \frac{w(x) + \sum_i w(x_i)\, 1\{s_i \le s(x)\}}{w(x) + \sum_i w(x_i)}

    With the true ratio :math:`\mathbb P(p \le \alpha) \le \alpha` for a row of the shifted distribution, in finite
    samples; with an estimated one, up to the ratio's error in total variation. The p-values of several rows are
    not positively dependent in general: Benjamini and Hochberg's procedure on them is not proved to keep its
    rate, so there is no ``select``.

    Parameters
    ----------
    scorer : object with ``score_samples``
        Fitted already.
    ratio : callable
        Rows to non-negative weights ``(n,)``, up to a factor; fitted on other rows than those to calibrate on.

    Attributes
    ----------
    effective_ : float
        Effective number of calibration rows, :math:`(\sum w)^2 / \sum w^2`.
    calibrated_ : bool
        As in ``Calibrated``.

    References
    ----------
    Tibshirani, Foygel Barber, Candès and Ramdas (2019), https://arxiv.org/abs/1904.06019

    Examples
    --------
    >>> import numpy as np
    >>> class Nearness:
    ...     def score_samples(self, X):
    ...         return -np.abs(X[:, 0])
    >>> judge = WeightedConformal(Nearness(), lambda X: 1.0 + (X[:, 0] > 0)).calibrate(np.array([[-1.0], [1.0]]))
    >>> judge.pvalues(np.array([[0.5], [-3.0]]))
    array([1.  , 0.25])
    """

    def __init__(self, scorer: Scorer, ratio: Callable[[Any], Floats]) -> None:
        self.scorer = scorer
        self.ratio = ratio

    def calibrate(self, X: Any, *, held_out: bool = True) -> WeightedConformal:
        """Score and weigh the calibration rows, drawn from the reference.

        Raises
        ------
        BadInput
            For no rows, a score that is NaN, or weights that are negative, NaN or all zero.
        """
        scores, weights = _scores(self.scorer, X, "the calibration rows"), self._weights(X)
        if not weights.sum() > 0:
            raise BadInput("the calibration rows carry no weight; the shifted distribution must overlap the reference")
        order = np.argsort(scores, kind="stable")
        self.scores_ = scores[order]
        self.mass_ = np.r_[0.0, np.cumsum(weights[order])]
        self.effective_ = float(weights.sum() ** 2 / (weights**2).sum())
        self.calibrated_ = held_out
        return self

    def pvalues(self, X: Any) -> Floats:
        """P-values ``(m,)`` in (0, 1]; ties count against the row."""
        if not hasattr(self, "scores_"):
            raise BadInput("call calibrate with held-out rows first")
        own = self._weights(X)
        below = self.mass_[np.searchsorted(self.scores_, _scores(self.scorer, X, "the rows"), side="right")]
        return np.asarray((own + below) / (own + self.mass_[-1]))

    def predict(self, X: Any, *, alpha: float) -> Bools:
        """Which rows lie outside at level ``alpha`` each, ``(m,)``; one row's answer does not depend on the others."""
        return np.asarray(self.pvalues(X) <= as_level(alpha, "alpha"))

    def _weights(self, X: Any) -> Floats:
        weights = np.asarray(self.ratio(X), dtype=np.float64) if len(X) else np.empty(0)
        if weights.shape != (len(X),) or not (np.isfinite(weights) & (weights >= 0)).all():
            raise BadInput("ratio must give one finite, non-negative weight a row")
        return weights
