"""Probabilistic adaptive performance estimation."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import Estimate
from ecotone.measure.scores import SoftSample

from ._core import Core
from ._doubly_robust import sampling_interval
from ._estimator import COVARIATE_SHIFT, Estimator, estimate
from ._predictions import Predictions
from ._unknown import thin

CARD = Card(
    name="pape",
    summary="CBPE with a calibration fitted on reference rows weighted to look like the current ones.",
    contract="Estimate",
    title="Estimating Model Performance Under Covariate Shift Without Labels",
    authors=("Białek, Jakub", "Kivimäki, Juhani", "Kuberski, Wojtek", "Perrakis, Nikolaos"),
    year=2025,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2401.08348",
    reads=("rows", "probabilities", "labels"),
    tier="method",
)


def pape(predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, seed: int = 0) -> Estimate:
    r"""Expected metric under probabilities calibrated on reference rows that are weighted by the density ratio.

    .. math:: \hat q^w = \arg\min_q \sum_{i \in \mathrm{ref}} w(x_i)\,\ell\bigl(y_i, q(z_i)\bigr), \quad
        \hat M = \frac1n\sum_i\sum_k \hat q^w_k(z_i)\,\mathrm{score}(k, \mathrm{prediction}_i)

    where z are the model's log-odds and w is a cross-fitted classifier's ratio. The interval holds sampling error only.

    Parameters
    ----------
    predictions : Predictions
        Predictions of a classifier.
    metric : str
        Accuracy, log loss or Brier score: means over rows, to which the statement applies. F1, precision, recall,
        balanced accuracy and AUC are computed from the same probabilities; they are consistent, not unbiased.
    level : float
        Of the interval.
    seed : int

    Returns
    -------
    Estimate
        In the metric's unit, for the current rows.

    Raises
    ------
    BadInput
        For a metric that these predictions do not have, and for a regression: use :func:`dle` or
        :func:`doubly_robust`.

    References
    ----------
    Białek, Kivimäki, Kuberski and Perrakis (2025), https://arxiv.org/abs/2401.08348

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.standard_normal((2000, 1)), rng.standard_normal((2000, 1)) / 2
    >>> p, p_new = (1 / (1 + np.exp(-3 * np.hstack([-a, a]))) for a in (x, x_new))
    >>> y = (rng.random(2000) < p[:, 1]).astype(int)
    >>> given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("no", "yes"))
    >>> abs(pape(given).value - 0.737) < 0.03
    True
    """
    return estimate(PAPE, sampling_interval, predictions, metric, level=level, seed=seed)


def _sample(core: Core) -> SoftSample:
    return core.data.sample("current", core.shared.calibrated(weighted=True)[1])


PAPE = Estimator(CARD.name, COVARIATE_SHIFT, sample=_sample, unless=(thin,))
