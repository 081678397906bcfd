"""Difference of confidences."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import Estimate

from ._core import Core
from ._doubly_robust import sampling_interval
from ._estimator import Estimator, estimate
from ._predictions import Predictions

CARD = Card(
    name="doc",
    summary="The reference's metric plus the change of the metric that the model itself expects.",
    contract="Estimate",
    title="Predicting with Confidence on Unseen Distributions",
    authors=("Guillory, Devin", "Shankar, Vaishaal", "Ebrahimi, Sayna", "Darrell, Trevor", "Schmidt, Ludwig"),
    year=2021,
    venue="ICCV",
    link="https://arxiv.org/abs/2107.03315",
    reads=("probabilities", "labels"),
    tier="method",
)

_ASSUMPTION = (
    "The model is over- or under-confident by the same amount on average in both tables; "
    "a change of p(y|x) cannot be seen without labels."
)


def doc(predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, seed: int = 0) -> Estimate:
    r"""Metric of the reference plus the change of the model's own expectation of it.

    .. math:: \hat M = M_{ref} + \bar c_{cur} - \bar c_{ref}

    where c is the probability of the predicted class for accuracy, and the expectation under the model's
    probabilities for other metrics. The interval holds sampling error only.

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
        For a metric that these predictions do not have.

    References
    ----------
    Guillory et al. (2021), https://arxiv.org/abs/2107.03315

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.standard_normal((2000, 1)), rng.standard_normal((2000, 1)) / 2
    >>> p, p_new = (1 / (1 + np.exp(-3 * np.hstack([-a, a]))) for a in (x, x_new))
    >>> y = (rng.random(2000) < p[:, 1]).astype(int)
    >>> given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("no", "yes"))
    >>> abs(doc(given).value - 0.737) < 0.03
    True
    """
    return estimate(DOC, sampling_interval, predictions, metric, level=level, seed=seed)


def _moved(core: Core) -> float:
    sides = zip(("reference", "current"), core.data.probabilities)
    before, now = (core.metric.of(core.data.sample(side, p)) for side, p in sides)
    return core.reference + now - before


DOC = Estimator(CARD.name, _ASSUMPTION, direct=_moved)
