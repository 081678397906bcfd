"""Importance-weighted metric."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import Estimate, Floats
from ecotone.measure.scores import SoftSample

from ._core import Core
from ._doubly_robust import sampling_interval
from ._estimator import COVARIATE_SHIFT, Estimator, estimate
from ._predictions import Predictions
from ._unknown import thin

CARD = Card(
    name="importance_weighted",
    summary="The reference's metric, each row weighted by the density ratio.",
    contract="Estimate",
    title="Covariate Shift Adaptation by Importance Weighted Cross Validation",
    authors=("Sugiyama, Masashi", "Krauledat, Matthias", "Müller, Klaus-Robert"),
    year=2007,
    venue="Journal of Machine Learning Research 8",
    link="https://www.jmlr.org/papers/v8/sugiyama07a.html",
    reads=("rows", "labels"),
    tier="method",
)


def importance_weighted(
    predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, seed: int = 0
) -> Estimate:
    r"""The metric of the reference rows, weighted to look like the current ones.

    .. math:: \hat M = \sum_i w_i\,\mathrm{score}_i \Big/ \sum_i w_i, \quad w(x) = p_{cur}(x) / p_{ref}(x)

    The ratio is a cross-fitted classifier's on the columns and the model's own log-odds. The interval holds sampling
    error only, not that of the ratio.

    Parameters
    ----------
    predictions : Predictions
        Of a classifier or a regression.
    metric : str
        Any metric that the predictions have.
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
    Sugiyama, Krauledat and Müller (2007), https://www.jmlr.org/papers/v8/sugiyama07a.html

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.standard_normal((2000, 1)), rng.standard_normal((2000, 1)) / 2
    >>> p, p_new = (1 / (1 + np.exp(-3 * np.hstack([-a, a]))) for a in (x, x_new))
    >>> y = (rng.random(2000) < p[:, 1]).astype(int)
    >>> given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("no", "yes"))
    >>> abs(importance_weighted(given).value - 0.737) < 0.03
    True
    """
    return estimate(IMPORTANCE_WEIGHTED, sampling_interval, predictions, metric, level=level, seed=seed)


def _sample(core: Core) -> SoftSample:
    return core.weighted


def _moments(core: Core) -> Floats:
    return core.weighted_mean(core.moments[0])


IMPORTANCE_WEIGHTED = Estimator(CARD.name, COVARIATE_SHIFT, sample=_sample, moments=_moments, unless=(thin,))
