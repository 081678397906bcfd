"""What estimators of class weights share: weights by label, corrected probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special
from sklearn.base import BaseEstimator

from ecotone.contracts import BadInput, Floats
from ecotone.measure.probabilities import as_probabilities, like


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
        return like(probabilities, p)
