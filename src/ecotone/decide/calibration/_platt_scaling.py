"""Calibration by a logistic curve of the log-odds."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from ecotone.cards import Card
from ecotone.contracts import Floats
from ecotone.measure.probabilities import as_codes, as_probabilities, like, normalised

CARD = Card(
    name="PlattScaling",
    summary="Fits a logistic curve to the log-odds: two numbers for each class.",
    contract="Calibrator",
    title="Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood Methods",
    authors=("Platt, John C.",),
    year=1999,
    venue="Advances in Large Margin Classifiers",
    link="http://research.microsoft.com/~jplatt/abstracts/SVprob.html",
    reads=("probabilities", "labels"),
    remedy_for=("miscalibration",),
    advice="Recalibrate the probabilities by Platt scaling on a few hundred recent labelled rows.",
    tier="stable",
)

_TINY = 1e-12  # least probability whose logarithm is taken


class PlattScaling(BaseEstimator):
    r"""Logistic regression of the label on the log-odds, unpenalised, with Platt's smoothed targets left out.

    .. math:: \hat p = \sigma(a + b \log\tfrac{p}{1-p})

    More than two classes: one against the rest, rows then divided by their sum. Needs rows that the model was not
    trained on.

    References
    ----------
    Platt (1999), in Advances in Large Margin Classifiers, MIT Press,
    http://research.microsoft.com/~jplatt/abstracts/SVprob.html

    Examples
    --------
    >>> PlattScaling().fit([0.2, 0.2, 0.2, 0.2, 0.8, 0.8], [0, 0, 0, 1, 0, 1]).predict([0.2, 0.8]).round(2)
    array([0.25, 0.5 ])
    """

    def fit(self, p: Any, y: Any) -> PlattScaling:
        """Fit to (n,) or (n, k) probabilities and (n,) labels."""
        q = as_probabilities(p)
        self.classes_, codes = as_codes(y, *q.shape)
        columns = [1] if q.shape[1] == 2 else range(q.shape[1])
        # The vanishing penalty only keeps separable data finite.
        self.maps_ = [
            LogisticRegression(C=1e8, tol=1e-8, max_iter=1000).fit(_log_odds(q[:, j]), codes == j) for j in columns
        ]
        return self

    def predict(self, p: Any) -> Floats:
        """Calibrated probabilities in the shape of ``p``."""
        q = as_probabilities(p)
        if len(self.maps_) == 1:
            return like(p, self.maps_[0].predict_proba(_log_odds(q[:, 1])))
        return normalised(
            np.column_stack([m.predict_proba(_log_odds(q[:, j]))[:, 1] for j, m in enumerate(self.maps_)]), q
        )


def _log_odds(p: Floats) -> Floats:
    p = np.clip(p, _TINY, 1 - _TINY)
    return np.asarray((np.log(p) - np.log1p(-p))[:, None])
