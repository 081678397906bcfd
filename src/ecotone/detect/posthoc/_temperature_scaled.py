"""Logits divided by a temperature that the reference's labels choose."""

from __future__ import annotations

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Head
from ecotone.decide.calibration._temperature_scaling import fitted_temperature

from ._shaper import Shaper, with_logits

CARD = Card(
    name="TemperatureScaled",
    summary="Logits divided by the temperature of most likelihood, then energy or another score.",
    contract="PostHoc",
    title="On Calibration of Modern Neural Networks",
    authors=("Guo, Chuan", "Pleiss, Geoff", "Sun, Yu", "Weinberger, Kilian Q."),
    year=2017,
    venue="ICML",
    link="https://proceedings.mlr.press/v70/guo17a.html",
    reads=("logits", "labels"),
    remedy_for=("outliers", "miscalibration"),
    advice="Recalibrate the probabilities by one temperature, then look at the rows that are least sure.",
)


class TemperatureScaled(Shaper):
    r"""Calibrated logits for any score that reads them: ``TemperatureScaled() | MSP()``.

    .. math:: \bar z = z / T, \qquad T = \arg\min_T -\sum_i \log \mathrm{softmax}(z(x_i) / T)_{y_i}

    The objective is convex in 1/T and its derivative is solved to machine precision within [1e-3, 1e3], on the logits
    themselves; no number of steps ends it. The head is divided as well. Fit on rows that the network was not trained
    on: on rows that it has learned by heart T runs to the lower end. Rows without a label (-1) are left out.

    Attributes
    ----------
    temperature_ : float
        T; above 1 where the network was over-confident.

    Raises
    ------
    BadInput
        For a reference without any label.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), https://proceedings.mlr.press/v70/guo17a.html

    Examples
    --------
    >>> from ecotone.detect.posthoc import MSP
    >>> logits = np.array([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    >>> acts = Activations(logits=logits, labels=[0, 0, 1, 1])
    >>> scores = (TemperatureScaled() | MSP()).fit(acts).score_samples(acts)
    >>> np.exp(scores).round(6)  # three of four are right
    array([0.75, 0.75, 0.75, 0.75])
    """

    card = CARD

    def _fit(self, activations: Activations) -> None:
        labels = activations.gather("labels")
        known = np.flatnonzero(labels >= 0)
        if not len(known):
            raise BadInput("labels are all -1; a temperature needs rows whose class is known")
        logits = np.asarray(activations.gather("logits"), dtype=np.float64)
        self.temperature_ = fitted_temperature(logits[known], labels[known])

    def _shape(self, block: Activations) -> Activations:
        head = None if block.head is None else Head(*(part / self.temperature_ for part in block.head))
        return with_logits(block, block.logits / self.temperature_, head)
