"""Confidence-based performance estimation."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import Estimate
from ecotone.measure.scores import SoftSample

from ._core import Core
from ._doubly_robust import sampling_interval
from ._estimator import Estimator, estimate
from ._predictions import Predictions
from ._unknown import miscalibrated

CARD = Card(
    name="cbpe",
    summary="A classifier's metric on unlabelled rows from its probabilities, calibrated on the reference.",
    contract="Estimate",
    title="Estimating Model Performance Under Covariate Shift Without Labels",
    authors=("Białek, Jakub", "Kivimäki, Juhani", "Kuberski, Wojtek", "Perrakis, Nikolaos"),
    year=2025,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2401.08348",
    reads=("probabilities", "labels"),
    tier="method",
)

_ASSUMPTION = (
    "The probability of each label given what the model says of a row is the same in both tables; "
    "neither a change of p(y|x) nor rows on which the model errs more than it says can be seen without labels."
)


def cbpe(predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, seed: int = 0) -> Estimate:
    r"""Expected metric of the current rows under the model's probabilities, calibrated on the reference.

    .. math:: \hat M = \frac1n\sum_i\sum_k \hat q_k(x_i)\,\mathrm{score}(k, \mathrm{prediction}_i)

    with :math:`\hat q` logistic in the model's log-odds. The interval holds sampling error only.

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
    >>> abs(cbpe(given).value - 0.737) < 0.03
    True
    """
    return estimate(CBPE, sampling_interval, predictions, metric, level=level, seed=seed)


def _sample(core: Core) -> SoftSample:
    return core.data.sample("current", core.shared.calibrated()[1])


CBPE = Estimator(CARD.name, _ASSUMPTION, sample=_sample, unless=(miscalibrated,))
