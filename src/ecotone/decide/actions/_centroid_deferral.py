"""Accept a prediction that lies near its class's typical softmax output, defer the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Decision, Floats, Ints, as_matrix

CARD = Card(
    name="CentroidDeferral",
    summary="Accept where the softmax output is nearer its class centroid than any wrong calibration prediction.",
    contract="Decision",
    title="When to Accept Automated Predictions and When to Defer to Human Judgment?",
    authors=("Sikar, Daniel", "Garcez, Artur", "Weyde, Tillman", "Bloomfield, Robin", "Peeroo, Kaleem"),
    year=2024,
    venue="arXiv:2407.07821",
    link="https://arxiv.org/abs/2407.07821",
    row=145,
    reads=("probabilities", "labels"),
    remedy_for=("outliers", "concept"),
    advice="Defer these rows to a person.",
    tier="experimental",
    claim="On rotated, noisy digits the predictions that it accepts are wrong no more often, within a margin of 0.02, "
    "than as many predictions of largest probability.",
)


class CentroidDeferral:
    r"""Deferral by the distance of a probability vector to its predicted class's centroid.

    With :math:`\hat y_i = \arg\max p_i` on calibration rows,

    .. math::
        \mu_c = \operatorname{mean}\{p_i : y_i = \hat y_i = c\}, \quad
        \theta_c = \min\{\|p_i - \mu_c\| : \hat y_i = c \ne y_i\}

    a new row is accepted if :math:`\|p - \mu_{\hat y}\| < \texttt{scale}\; \theta_{\hat y}`. With ``scale`` at
    most 1 no wrong calibration prediction is accepted. A class without a wrong one accepts everything
    (:math:`\theta = \infty`); a class without a right one has no centroid and defers everything. The threshold is
    a minimum: one mislabelled calibration row near the centroid closes a class, and it shrinks as the calibration
    set grows. It carries no guarantee for new rows.

    Parameters
    ----------
    scale : float
        Widens or narrows all thresholds; a sweep of it traces the error against the coverage.

    Attributes
    ----------
    centroids_ : (K, K) array, NaN rows where undefined
    thresholds_ : (K,) array
        ``inf`` without a wrong prediction, 0 without a centroid.

    References
    ----------
    Sikar, Garcez, Weyde, Bloomfield and Peeroo (2024), https://arxiv.org/abs/2407.07821

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.2, 0.8]])
    >>> rule = CentroidDeferral().fit(p, np.array([0, 0, 1, 1]))
    >>> rule.decide(np.array([[0.85, 0.15], [0.55, 0.45]])).action.tolist()
    ['accept', 'defer']
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def fit(self, probabilities: Any, labels: Any) -> CentroidDeferral:
        """Centroids and thresholds from calibration rows that did not train the model.

        Parameters
        ----------
        probabilities : (n, K) array
        labels : (n,) array of class positions 0 to K - 1

        Raises
        ------
        BadInput
            For rows that are not probabilities, labels of another length or outside 0 to K - 1, or a bad scale.
        """
        if not self.scale > 0:
            raise BadInput(f"scale must be positive, got {self.scale!r}")
        p = _probabilities(probabilities)
        K = p.shape[1]
        y = np.asarray(labels)
        if y.shape != (len(p),):
            raise BadInput(f"labels must have one entry for each of the {len(p)} rows, got shape {y.shape}")
        if not np.isin(y, np.arange(K)).all():
            raise BadInput(f"labels must be positions 0 to {K - 1}, got {y[~np.isin(y, np.arange(K))][0]!r}")
        predicted = p.argmax(1)
        self.centroids_ = np.full((K, K), np.nan)
        self.thresholds_ = np.zeros(K)
        for c in range(K):
            right, wrong = (predicted == c) & (y == c), (predicted == c) & (y != c)
            if right.any():
                self.centroids_[c] = p[right].mean(0)
                self.thresholds_[c] = np.min(_distance(p[wrong], self.centroids_[c]), initial=np.inf)
        return self

    def decide(self, probabilities: Any) -> Decision:
        """Accept or defer each row of ``(n, K)`` probabilities.

        The score is minus the distance to the centroid of the predicted class, minus the square root of 2 (the
        largest distance there is) where the class has none.
        """
        if not hasattr(self, "thresholds_"):
            raise BadInput("call fit with calibration rows first")
        p = _probabilities(probabilities)
        if p.shape[1] != len(self.thresholds_):
            raise BadInput(f"probabilities have {p.shape[1]} classes and fit saw {len(self.thresholds_)}")
        predicted: Ints = p.argmax(1)
        distance = _distance(p, self.centroids_[predicted])
        accept = distance < self.scale * self.thresholds_[predicted]  # strict: equal to a wrong row is deferred
        return Decision(
            action=np.where(accept, "accept", "defer"),
            score=-np.where(np.isnan(distance), np.sqrt(2.0), distance),
            method="CentroidDeferral",
            details={"coverage": float(accept.mean()), "scale": self.scale},
        )


def _distance(p: Floats, centroid: Floats) -> Floats:
    return np.asarray(np.sqrt(((p - centroid) ** 2).sum(-1)))


def _probabilities(probabilities: Any) -> Floats:
    p = as_matrix(probabilities, "probabilities")
    if p.shape[1] < 2:
        raise BadInput(f"probabilities need a column for each of at least two classes, got {p.shape[1]}")
    off = (p < -1e-9).any(1) | (np.abs(p.sum(1) - 1) > 1e-3)
    if off.any():
        i = int(off.argmax())
        raise BadInput(f"probabilities at row {i} are {p[i].tolist()}; they must be non-negative and sum to 1")
    return p
