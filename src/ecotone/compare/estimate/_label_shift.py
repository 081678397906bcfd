"""Metric under label shift."""

from __future__ import annotations

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Estimate, Floats, Ints
from ecotone.measure.ratios import MLLS
from ecotone.measure.scores import SoftSample

from ._core import Core
from ._doubly_robust import sampling_interval
from ._estimator import Estimator, estimate
from ._predictions import Predictions

CARD = Card(
    name="label_shift",
    summary="Expected metric with the class shares of the current rows found by expectation maximisation.",
    contract="Estimate",
    title="Adjusting the Outputs of a Classifier to New a Priori Probabilities: A Simple Procedure",
    authors=("Saerens, Marco", "Latinne, Patrice", "Decaestecker, Christine"),
    year=2002,
    venue="Neural Computation 14(1)",
    link="https://doi.org/10.1162/089976602753284446",
    reads=("probabilities", "labels"),
    tier="method",
)

_ASSUMPTION = (
    "p(x|y) is the same in both tables and only the shares of the classes moved (label shift); where instead p(x) "
    "moved, this is worse than no estimate."
)


def label_shift(predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, seed: int = 0) -> Estimate:
    r"""Expected metric where only the shares of the classes have moved.

    .. math:: \hat q_k(x) \propto \frac{\pi^{cur}_k}{\pi^{ref}_k}\, q_k(x), \quad
        \pi^{cur}_k = \frac1n\sum_i \hat q_k(x_i)

    iterated to its fixed point from calibrated probabilities q. The interval holds sampling error only.

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
    Saerens, Latinne and Decaestecker (2002), https://doi.org/10.1162/089976602753284446

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.standard_normal((2000, 1)), rng.standard_normal((2000, 1)) / 2
    >>> p, p_new = (1 / (1 + np.exp(-3 * np.hstack([-a, a]))) for a in (x, x_new))
    >>> y = (rng.random(2000) < p[:, 1]).astype(int)
    >>> given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("no", "yes"))
    >>> abs(label_shift(given).value - 0.737) < 0.03
    True
    """
    return estimate(LABEL_SHIFT, sampling_interval, predictions, metric, level=level, seed=seed)


def with_new_shares(q_ref: Floats, q_cur: Floats, y_reference: Ints) -> Floats:
    """Class probabilities of the current rows, with the shares of the classes most likely to have made them."""
    q = q_cur * MLLS().fit(q_ref, y_reference, q_cur).weights_
    return np.asarray(q / q.sum(axis=1, keepdims=True))


def _sample(core: Core) -> SoftSample:
    return core.data.sample("current", with_new_shares(*core.shared.calibrated(), core.data.y_reference))


LABEL_SHIFT = Estimator(CARD.name, _ASSUMPTION, sample=_sample)
