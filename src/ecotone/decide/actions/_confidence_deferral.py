"""Defer the rows that the model is least sure of: Chow's rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ecotone.cards import Card
from ecotone.contracts import (
    BadInput,
    Decision,
    Expectation,
    Floats,
    ModelUnsure,
    accuracy_in_words,
    as_matrix,
    part_of_loss,
)

CARD = Card(
    name="ConfidenceDeferral",
    summary="Accept where the largest probability is above a quantile of it, defer the rest; with the whole curve.",
    contract="Decision",
    title="On Optimum Recognition Error and Reject Tradeoff",
    authors=("Chow, C. K.",),
    year=1970,
    venue="IEEE Transactions on Information Theory 16(1)",
    link="https://doi.org/10.1109/TIT.1970.1054406",
    reads=("probabilities", "labels"),
    remedy_for=("unsure",),
    advice="Defer the rows of least calibrated confidence.",
    tier="stable",
)


class ConfidenceDeferral:
    r"""Deferral of the share of rows whose largest probability is smallest.

    A row is accepted if :math:`\max_k p_k \ge t`, with t the largest value that defers at most ``share`` of the
    calibration rows. Where p is the true posterior no other rule errs less often at the same share (Chow). Ties at t
    are accepted, so that the share is kept.

    Parameters
    ----------
    share : float
        Of the calibration rows to defer, in [0, 1).

    Attributes
    ----------
    threshold_ : float
    accuracy_, accepted_accuracy_ : float
        Of all calibration rows, and of those that are accepted.

    References
    ----------
    Chow (1970), https://doi.org/10.1109/TIT.1970.1054406

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([[0.9, 0.1], [0.55, 0.45], [0.2, 0.8], [0.3, 0.7]])
    >>> rule = ConfidenceDeferral(share=0.25).fit(p, np.array([0, 1, 1, 1]))
    >>> rule.accuracy_, rule.accepted_accuracy_
    (0.75, 1.0)
    >>> rule.decide(np.array([[0.5, 0.5], [0.1, 0.9]])).action.tolist()
    ['defer', 'accept']
    """

    def __init__(self, share: float = 0.1) -> None:
        self.share = share

    def fit(self, probabilities: Any, labels: Any) -> ConfidenceDeferral:
        """The threshold, from calibration rows that did not train the model.

        Parameters
        ----------
        probabilities : (n, K) array
        labels : (n,) array of class positions 0 to K - 1

        Raises
        ------
        BadInput
            For rows that are not probabilities, labels of another length or outside 0 to K - 1, or a bad share.
        """
        if not 0 <= self.share < 1:
            raise BadInput(f"share must lie in [0, 1), got {self.share!r}; try 0.1")
        p = _probabilities(probabilities)
        y = np.asarray(labels)
        if y.shape != (len(p),):
            raise BadInput(f"labels must have one entry for each of the {len(p)} rows, got shape {y.shape}")
        if not np.isin(y, np.arange(p.shape[1])).all():
            raise BadInput(f"labels must be positions 0 to {p.shape[1] - 1}")
        sure, right = p.max(axis=1), p.argmax(axis=1) == y
        self.classes_ = p.shape[1]
        self.threshold_ = float(np.sort(sure)[int(self.share * len(sure))])
        self.accuracy_, self.accepted_accuracy_ = float(right.mean()), float(right[sure >= self.threshold_].mean())
        return self

    def decide(self, probabilities: Any) -> Decision:
        """Accept or defer each row of ``(n, K)`` probabilities; the score is the largest of them."""
        if not hasattr(self, "threshold_"):
            raise BadInput("call fit with calibration rows first")
        p = _probabilities(probabilities)
        if p.shape[1] != self.classes_:
            raise BadInput(f"probabilities have {p.shape[1]} classes and fit saw {self.classes_}")
        sure = p.max(axis=1)
        accept = sure >= self.threshold_
        return Decision(
            action=np.where(accept, "accept", "defer"),
            score=sure,
            method=CARD.name,
            details={"coverage": float(accept.mean()), "threshold": self.threshold_},
        )


def deferral_curve(correct: ArrayLike, right: ArrayLike | None = None) -> Floats:
    r"""Accuracy of the rows that are left when the least sure are deferred.

    With rows ordered by :math:`c`, the estimated probability of being right, entry k is the mean over all but the k
    least sure rows of ``right``, or of c itself where no label is known: the expected accuracy if c is calibrated.

    Parameters
    ----------
    correct : (n,) float
        Estimated probability that the model is right on each row.
    right : (n,) of zeros and ones, optional
        Whether it was.

    Returns
    -------
    (n,) float64
        Entry 0 keeps every row.

    Raises
    ------
    BadInput
        For an empty vector, probabilities outside [0, 1], or another length of ``right``.

    Examples
    --------
    >>> deferral_curve([0.5, 0.9, 0.7]).round(2).tolist()
    [0.7, 0.8, 0.9]
    """
    c = np.asarray(correct, dtype=np.float64)
    if c.ndim != 1 or not len(c) or not ((c >= 0) & (c <= 1)).all():
        raise BadInput("correct must be a non-empty vector of probabilities in [0, 1]")
    value = c if right is None else np.asarray(right, dtype=np.float64)
    if value.shape != c.shape:
        raise BadInput(f"right has shape {value.shape} and correct has {c.shape}; give one per row")
    surest = np.argsort(c, kind="stable")[::-1]
    return np.asarray((np.cumsum(value[surest]) / np.arange(1, len(c) + 1))[::-1])


def _probabilities(probabilities: Any) -> Floats:
    p = as_matrix(probabilities, "probabilities")
    if p.shape[1] < 2:
        raise BadInput(f"probabilities need a column for each of at least two classes, got {p.shape[1]}")
    off = (p < -1e-9).any(axis=1) | (np.abs(p.sum(axis=1) - 1) > 1e-3)
    if off.any():
        i = int(off.argmax())
        raise BadInput(f"probabilities at row {i} are {p[i].tolist()}; they must be non-negative and sum to 1")
    return p


def expected_for_unsure(case: ModelUnsure) -> Expectation:
    """The accuracy of the rows that are kept."""
    before, after = (accuracy_in_words(value) for value in (case.accuracy, case.accuracy_of_the_rest))
    lift = case.accuracy_of_the_rest - case.accuracy
    return Expectation(
        f"Deferring the least sure {case.share:.0%} ({case.rows:,} rows) raises the accuracy of the rest from {before} "
        f"to {after}, by {case.by}.",
        1.8 + 0.1 * part_of_loss(lift, case.loss),
    )
