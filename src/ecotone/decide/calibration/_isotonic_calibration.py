"""Calibration by the best rising step function."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

from ecotone.cards import Card
from ecotone.contracts import Expectation, Floats, Miscalibrated
from ecotone.measure.probabilities import as_codes, as_probabilities, like, normalised

CARD = Card(
    name="IsotonicCalibration",
    summary="Replaces each probability by the best rising step function of it.",
    contract="Calibrator",
    title="Transforming classifier scores into accurate multiclass probability estimates",
    authors=("Zadrozny, Bianca", "Elkan, Charles"),
    year=2002,
    venue="KDD",
    link="https://doi.org/10.1145/775047.775151",
    reads=("probabilities", "labels"),
    remedy_for=("miscalibration",),
    advice="Recalibrate the probabilities by isotonic regression on about 1000 or more recent labelled rows.",
    tier="stable",
)


class IsotonicCalibration(BaseEstimator):
    r"""Isotonic regression of the label on the probability, by pooling adjacent violators.

    .. math:: \min_{m\ \text{rising}} \sum_i (1\{y_i = 1\} - m(p_i))^2

    Linear between the fitted points, constant beyond. More than two classes: one against the rest, rows then
    divided by their sum. Needs rows that the model was not trained on.

    References
    ----------
    Zadrozny and Elkan (2002), https://doi.org/10.1145/775047.775151

    Examples
    --------
    >>> IsotonicCalibration().fit([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1]).predict([0.2, 0.4])
    array([0.5, 1. ])
    """

    def fit(self, p: Any, y: Any) -> IsotonicCalibration:
        """Fit to (n,) or (n, k) probabilities and (n,) labels."""
        q = as_probabilities(p)
        self.classes_, codes = as_codes(y, *q.shape)
        columns = [1] if q.shape[1] == 2 else range(q.shape[1])
        self.maps_ = [
            IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(q[:, j], codes == j) for j in columns
        ]
        return self

    def predict(self, p: Any) -> Floats:
        """Calibrated probabilities in the shape of ``p``."""
        q = as_probabilities(p)
        if len(self.maps_) == 1:
            one = self.maps_[0].predict(q[:, 1])
            return like(p, np.column_stack([1 - one, one]))
        return normalised(np.column_stack([m.predict(q[:, j]) for j, m in enumerate(self.maps_)]), q)


def expected_for_miscalibration(case: Miscalibrated) -> Expectation:
    """The gap that is left, where rows suffice to tell."""
    if case.after is None:
        return Expectation("Too few rows of a class to tell what it brings.")
    gaps = f"from {case.error:.3g} to about {case.after:.3g}"
    return Expectation(f"Brings the mean gap between probability and frequency {gaps}.")
