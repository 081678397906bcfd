"""Direct loss estimation."""

from __future__ import annotations

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Estimate, Floats

from ._core import Core
from ._doubly_robust import sampling_interval
from ._estimator import Estimator, estimate
from ._predictions import Predictions

CARD = Card(
    name="dle",
    summary="A regression's metric on unlabelled rows from a second model of its loss.",
    contract="Estimate",
    title="Estimation of Performance of the Monitored Model: Direct Loss Estimation",
    authors=("NannyML",),
    year=2022,
    venue="NannyML documentation",
    link="https://nannyml.readthedocs.io/en/stable/how_it_works/performance_estimation.html",
    reads=("rows", "labels"),
    tier="method",
)

_ASSUMPTION = (
    "The expected loss given the row is the same function in both tables, and the reference has rows wherever "
    "the current table has; a change of p(y|x) cannot be seen without labels."
)


def dle(predictions: Predictions, metric: str = "mae", *, level: float = 0.9, seed: int = 0) -> Estimate:
    r"""Mean over the current rows of a second model's prediction of the loss.

    .. math:: \hat M = \frac1n\sum_i \hat h(x_i, \hat y_i), \quad
        \hat h \approx \mathbb E[\ell(y, \hat y) \mid x, \hat y]

    with :math:`\hat h` boosted trees on the reference rows. The interval holds sampling error only.

    Parameters
    ----------
    predictions : Predictions
        Predictions of a regression.
    metric : str
        ``mae``, ``mse``, ``rmse``, ``mape`` or ``r2`` (which models y and its square too).
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
    https://nannyml.readthedocs.io/en/stable/how_it_works/performance_estimation.html

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.uniform(0, 2, (2000, 1)), rng.uniform(1, 3, (2000, 1)).clip(max=2)
    >>> y = x[:, 0] * rng.standard_normal(2000)
    >>> given = Predictions(x, x_new, y, np.zeros(2000), np.zeros(2000))
    >>> abs(dle(given).value - 1.4) < 0.15
    True
    """
    return estimate(DLE, sampling_interval, predictions, metric, level=level, seed=seed)


def _moments(core: Core) -> Floats:
    return np.asarray(core.moments[2].mean(axis=0))


DLE = Estimator(CARD.name, _ASSUMPTION, moments=_moments)
