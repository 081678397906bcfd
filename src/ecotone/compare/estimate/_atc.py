"""Average thresholded confidence."""

from __future__ import annotations

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Estimate

from ._core import Core
from ._doubly_robust import sampling_interval
from ._estimator import Estimator, estimate
from ._predictions import Predictions

CARD = Card(
    name="atc",
    summary="Share of current rows above the confidence that as many reference rows exceed as are right.",
    contract="Estimate",
    title="Leveraging Unlabeled Data to Predict Out-of-Distribution Performance",
    authors=("Garg, Saurabh", "Balakrishnan, Sivaraman", "Lipton, Zachary C.", "Neyshabur, Behnam", "Sedghi, Hanie"),
    year=2022,
    venue="ICLR",
    link="https://arxiv.org/abs/2201.04234",
    reads=("probabilities", "labels"),
    tier="method",
)

_ASSUMPTION = (
    "The confidence that separates as many rows as the model gets right is the same in both tables; "
    "a change of p(y|x) cannot be seen without labels."
)


def atc(predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, seed: int = 0) -> Estimate:
    r"""Share of the current rows above a threshold of confidence learned on the reference.

    .. math:: \hat A = \frac1n\sum_i 1\{s(x_i) \ge t\}, \quad
        t:\ \frac1{n_{ref}}\sum_{ref} 1\{s(x_i) \ge t\} = A_{ref}

    where s is the negative entropy of the model's probabilities. The interval holds sampling error only.

    Parameters
    ----------
    predictions : Predictions
        Predictions of a classifier.
    metric : str
        ``accuracy``: the method says nothing of others.
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
    Garg et al. (2022), https://arxiv.org/abs/2201.04234

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.standard_normal((2000, 1)), rng.standard_normal((2000, 1)) / 2
    >>> p, p_new = (1 / (1 + np.exp(-3 * np.hstack([-a, a]))) for a in (x, x_new))
    >>> y = (rng.random(2000) < p[:, 1]).astype(int)
    >>> given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("no", "yes"))
    >>> abs(atc(given).value - 0.737) < 0.07
    True
    """
    return estimate(ATC, sampling_interval, predictions, metric, level=level, seed=seed)


def _share_above(core: Core) -> float:
    ref, cur = ((p * np.log(np.clip(p, 1e-12, 1))).sum(axis=1) for p in core.data.probabilities)
    return float((cur >= np.quantile(ref, 1 - core.reference)).mean())


ATC = Estimator(CARD.name, _ASSUMPTION, direct=_share_above, only=("accuracy",))
