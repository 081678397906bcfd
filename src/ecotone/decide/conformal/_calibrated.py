"""Conformal p-values of any score."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Bools, Expectation, Floats, Ints, RowsOutside, Scorer, as_numpy
from ecotone.decide.multiple_testing import as_level, benjamini_hochberg, reject

from ._conformal_pvalues import conformal_pvalues

CARD = Card(
    name="Calibrated",
    summary="Any score into p-values against the reference, from rows that the score was not fitted on.",
    contract="Conformal",
    title="Testing for outliers with conformal p-values",
    authors=("Bates, Stephen", "Candès, Emmanuel", "Lei, Lihua", "Romano, Yaniv", "Sesia, Matteo"),
    year=2023,
    venue="Annals of Statistics 51(1)",
    link="https://doi.org/10.1214/22-AOS2244",
    reads=("rows",),
    remedy_for=("outliers",),
    advice="Defer the rows with small p-values.",
    tier="stable",
)


class Calibrated:
    r"""Conformal p-values from held-out rows.

    With scores :math:`s_1, \dots, s_n` of the calibration rows (higher is more typical),

    .. math:: p(x) = \frac{1 + \#\{i : s_i \le s(x)\}}{n + 1}

    For a row from the same distribution as the calibration rows, exchangeable with them,
    :math:`\mathbb P(p \le \alpha) \le \alpha`, averaged over calibration sets. Given one calibration set of a
    continuous score, the rate of :math:`p \le \alpha` itself follows the Beta distribution with parameters
    :math:`\ell = \lfloor \alpha (n + 1) \rfloor` and :math:`n + 1 - \ell`: the calibration's luck is shared by
    all rows that it judges.

    Parameters
    ----------
    scorer : object with ``score_samples``
        Fitted already.

    Attributes
    ----------
    scores_ : (n,) array
        Of the calibration rows, sorted.
    calibrated_ : bool
        False where the calibration rows served to fit the scorer or the model behind it: the p-values are then
        too small, and are labelled so.

    References
    ----------
    Bates, Candès, Lei, Romano and Sesia (2023), https://doi.org/10.1214/22-AOS2244

    Examples
    --------
    >>> import numpy as np
    >>> class Nearness:
    ...     def score_samples(self, X):
    ...         return -np.abs(X[:, 0])
    >>> judge = Calibrated(Nearness()).calibrate(np.linspace(-1, 1, 99)[:, None])
    >>> judge.pvalues(np.array([[0.0], [5.0]]))
    array([1.  , 0.01])
    >>> judge.predict(np.array([[0.0], [5.0]]), alpha=0.05)
    array([False,  True])
    """

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer

    def calibrate(self, X: Any, *, held_out: bool = True) -> Calibrated:
        """Score the calibration rows.

        Parameters
        ----------
        X : rows as the scorer reads them
            From the reference's distribution.
        held_out : bool
            Whether neither the scorer nor the model that it reads was fitted on these rows.

        Raises
        ------
        BadInput
            For no rows or a score that is NaN.
        """
        self.scores_ = np.sort(_scores(self.scorer, X, "the calibration rows"))
        if not len(self.scores_):
            raise BadInput("calibrate needs at least one row, got 0; hold some rows of the reference out of the fit")
        self.calibrated_ = held_out
        return self

    def pvalues(self, X: Any) -> Floats:
        """P-values ``(m,)`` in [1 / (n + 1), 1]; ties count against the row."""
        if not hasattr(self, "scores_"):
            raise BadInput("call calibrate with held-out rows first")
        return conformal_pvalues(_scores(self.scorer, X, "the rows"), self.scores_)

    def predict(self, X: Any, *, alpha: float) -> Bools:
        """Which rows lie outside at level ``alpha`` each, ``(m,)``; one row's answer does not depend on the others."""
        return np.asarray(self.pvalues(X) <= as_level(alpha, "alpha"))

    def select(self, X: Any, *, fdr: float) -> Ints:
        """Positions of the rows named outside by Benjamini and Hochberg's procedure, ascending.

        A statement about the batch: among the rows named, at most a share ``fdr`` is expected to come from the
        reference's distribution, on average over calibration sets and batches. Adding or removing rows changes the
        answer for the others, and on a batch without any foreign row something is named with probability up to ``fdr``.
        After a shift of the whole table every row is rightly named.
        """
        return np.flatnonzero(reject(benjamini_hochberg(self.pvalues(X)), as_level(fdr, "fdr")))


def _scores(scorer: Scorer, X: Any, what: str) -> Floats:
    scores = as_numpy(scorer.score_samples(X)).astype(np.float64) if len(X) else np.empty(0)
    if scores.ndim != 1:
        raise BadInput(f"score_samples of {what} must give one number a row, got shape {scores.shape}")
    if np.isnan(scores).any():
        raise BadInput(f"the score of {what} is NaN at row {int(np.isnan(scores).argmax())}; impute or remove the row")
    return scores


def expected_for_outliers(case: RowsOutside) -> Expectation:
    """The share of the rows that are named, and of those how many may be typical."""
    return Expectation(
        f"Keeps {case.named / case.total:.1%} of the rows from a model that never saw their like; "
        f"at most {case.fdr:.0%} of them are expected to be typical after all."
    )
