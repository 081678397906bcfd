"""Calibration by one temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize, special
from sklearn.base import BaseEstimator

from ecotone.cards import Card
from ecotone.contracts import Floats, Ints
from ecotone.measure.probabilities import as_codes, as_probabilities, like

CARD = Card(
    name="TemperatureScaling",
    summary="Divides the log-probabilities by one temperature that maximises the likelihood.",
    contract="Calibrator",
    title="On Calibration of Modern Neural Networks",
    authors=("Guo, Chuan", "Pleiss, Geoff", "Sun, Yu", "Weinberger, Kilian Q."),
    year=2017,
    venue="ICML",
    link="https://proceedings.mlr.press/v70/guo17a.html",
    reads=("probabilities", "labels"),
    remedy_for=("miscalibration",),
    advice="Recalibrate the probabilities by one temperature on a hundred or more recent labelled rows.",
    tier="method",
)

_TINY = 1e-12  # least probability whose logarithm is taken


class TemperatureScaling(BaseEstimator):
    r"""One temperature T for all classes; the most probable class stays the same.

    .. math:: \hat p_j \propto p_j^{1/T}, \qquad T = \arg\min_T -\sum_i \log \hat p_{y_i}(x_i)

    The objective is convex in 1/T; its derivative is solved to machine precision, within [1e-3, 1e3]. Needs rows
    that the model was not trained on.

    Attributes
    ----------
    temperature_ : float
        Above 1: the model was over-confident.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), https://proceedings.mlr.press/v70/guo17a.html

    Examples
    --------
    >>> round(TemperatureScaling().fit([0.9, 0.9, 0.9, 0.1], [1, 1, 0, 0]).temperature_, 3)
    2.0
    """

    def fit(self, p: Any, y: Any) -> TemperatureScaling:
        """Fit to (n,) or (n, k) probabilities and (n,) labels."""
        q = as_probabilities(p)
        self.classes_, codes = as_codes(y, *q.shape)
        self.temperature_ = fitted_temperature(np.log(np.maximum(q, _TINY)), codes)
        return self

    def predict(self, p: Any) -> Floats:
        """Calibrated probabilities in the shape of ``p``."""
        logits = np.log(np.maximum(as_probabilities(p), _TINY))
        return like(p, special.softmax(logits / self.temperature_, axis=1))


def fitted_temperature(logits: Floats, codes: Ints) -> float:
    """The temperature in [1e-3, 1e3] under which the softmax of ``(n, k)`` logits gives the classes most likelihood."""
    low, high = np.log(1e-3), np.log(1e3)  # of the inverse temperature
    if _slope(low, logits, codes) >= 0:
        at = low
    elif _slope(high, logits, codes) <= 0:
        at = high
    else:
        at = optimize.brentq(_slope, low, high, args=(logits, codes), xtol=1e-13, rtol=1e-13)
    return float(np.exp(-at))


def _slope(log_b: float, logits: Floats, codes: Ints) -> float:
    """Derivative of the mean negative log-likelihood by the inverse temperature."""
    p = special.softmax(np.exp(log_b) * logits, axis=1)
    return float(((p * logits).sum(1) - logits[np.arange(len(codes)), codes]).mean())
