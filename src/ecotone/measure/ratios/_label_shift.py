"""What estimators of class weights share: checked inputs, weights by label, corrected probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special
from sklearn.base import BaseEstimator

from ecotone.contracts import BadInput, Floats, Ints


def as_probabilities(p: Any, name: str, tolerance: float = 1e-3) -> Floats:
    """A float64 matrix (n, k) whose rows sum to one; a vector is read as the probability of the second of two.

    Raises
    ------
    BadInput
        For an empty or non-finite ``p``, values outside [0, 1], or rows that do not sum to one.
    """
    try:
        a = np.asarray(p, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} must be numeric: {error}") from None
    if a.ndim == 1:
        a = np.column_stack([1 - a, a])
    if a.ndim != 2 or a.shape[0] == 0 or a.shape[1] < 2:
        raise BadInput(f"{name} must be a non-empty (n,) or (n, k) array of probabilities, got shape {np.shape(p)}")
    if not np.isfinite(a).all() or a.min() < -1e-9 or a.max() > 1 + 1e-9:
        i = int(np.argwhere(~((a >= -1e-9) & (a <= 1 + 1e-9)))[0][0])
        raise BadInput(f"{name} must lie in [0, 1]; row {i} is {a[i].tolist()}")
    sums = a.sum(1)
    if np.abs(sums - 1).max() > tolerance:
        i = int(np.abs(sums - 1).argmax())
        raise BadInput(f"{name} must sum to 1 in each row; row {i} sums to {sums[i]:.6g}; divide each row by its sum")
    return np.asarray(np.clip(a, 0, None) / sums[:, None])


def class_codes(y: Any, k: int, name: str) -> tuple[Any, Ints]:
    """Sorted classes and the code of each row, if there are as many as columns of probability.

    Raises
    ------
    BadInput
        For another number of classes than ``k``.
    """
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) != k:
        raise BadInput(
            f"{name} holds {len(classes)} classes for {k} columns of probability; every class needs reference rows, "
            "in the sorted order of the columns"
        )
    return classes, codes.astype(np.int64)


class LabelShift(BaseEstimator):
    """Base of the estimators of ``weights_``: p_current(y) / p_reference(y), one for each class.

    A subclass sets ``classes_``, ``weights_``, ``covariance_`` (of ``weights_``, delta method) and
    ``reference_priors_`` in ``fit``.
    """

    classes_: Any
    weights_: Floats
    covariance_: Floats
    reference_priors_: Floats

    @property
    def standard_errors_(self) -> Floats:
        """(k,) standard error of each weight."""
        return np.sqrt(np.clip(np.diag(self.covariance_), 0, None))

    @property
    def current_priors_(self) -> Floats:
        """(k,) estimated share of each class among the current rows."""
        q = self.reference_priors_ * self.weights_
        return np.asarray(q / q.sum())

    def interval(self, level: float = 0.9) -> Floats:
        """(k, 2) normal interval for each weight, cut at zero (each at ``level``, not jointly)."""
        half = float(special.ndtri((1 + level) / 2)) * self.standard_errors_
        return np.clip(np.column_stack([self.weights_ - half, self.weights_ + half]), 0, None)

    def predict(self, y: Any) -> Floats:
        """(n,) weight of each row by its label.

        Raises
        ------
        BadInput
            For a label that the reference did not have.
        """
        labels = np.asarray(y)
        at = np.clip(np.searchsorted(self.classes_, labels), 0, len(self.classes_) - 1)
        foreign = self.classes_[at] != labels
        if np.any(foreign):
            raise BadInput(
                f"y has the label {labels[foreign].tolist()[0]!r} that the reference lacks; leave those rows out"
            )
        return np.asarray(self.weights_[at])

    def correct(self, probabilities: Any) -> Floats:
        """Class probabilities under the current class shares: each column times its weight, rows renormalised.

        Parameters
        ----------
        probabilities : (n,) or (n, k) array
            The model's, calibrated on the reference.

        Returns
        -------
        Array of the shape of ``probabilities``.
        """
        p = as_probabilities(probabilities, "probabilities") * self.weights_
        p = p / np.maximum(p.sum(1, keepdims=True), np.finfo(float).tiny)
        return np.asarray(p[:, 1] if np.ndim(probabilities) == 1 else p)
