"""Doubly robust estimate of a metric."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import Estimate

from ._estimate import COVARIATE_SHIFT, estimate
from ._predictions import Predictions
from ._unknown import miscalibrated, thin

CARD = Card(
    name="doubly_robust",
    summary="CBPE or DLE plus the weighted residual it leaves on the reference; the interval widens with the move.",
    contract="Estimate",
    title="Estimation of regression coefficients when some regressors are not always observed",
    authors=("Robins, James M.", "Rotnitzky, Andrea", "Zhao, Lue Ping"),
    year=1994,
    venue="Journal of the American Statistical Association 89(427)",
    link="https://doi.org/10.1080/01621459.1994.10476818",
    reads=("rows", "probabilities", "labels"),
    tier="stable",
)


def doubly_robust(predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, seed: int = 0) -> Estimate:
    r"""Expected metric under a model of the labels, corrected by what that model misses on weighted reference rows.

    .. math:: \hat M = \frac1{n_{cur}}\sum_{cur} \hat m(x_i) +
        \frac{\sum_{ref} w_i\,(\mathrm{score}_i - \hat m(x_i))}{\sum_{ref} w_i}

    Right if either the ratio w or the conditional expectation m is. m is the score under label probabilities that are
    logistic in the model's log-odds and in those of boosted trees grown on the reference rows; for regressions, boosted
    trees of the loss. Both are out of fold. The interval is

    .. math:: \hat M \pm (c\,z\,se + b\,\mathrm{range}), \quad
        \text{longer by } a\,|\hat M - M_{ref}| \text{ on the side away from } M_{ref}

    sampling error, including that realised labels are random themselves; the range of this estimate, the mean of m
    and the weighted metric; and a share of the estimated move, since learners held back against noise see too little
    of a change. a, b and c were fitted on simulated shifts: coverage is measured there, not proved. Current rows for
    which one reference row would have to stand for more than 50 of them (fewer, below 1 000 reference rows) have
    no reference: the interval lets their share u take the metric to either end, and above 5 % the answer is unknown.

    Parameters
    ----------
    predictions : Predictions
        Of a classifier or a regression.
    metric : str
        Any metric that the predictions have. The coverage was measured for accuracy and, in regressions, the mean
        absolute error; F1, precision, recall, balanced accuracy and AUC are functions of corrected means: consistent.
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
    Robins, Rotnitzky and Zhao (1994), https://doi.org/10.1080/01621459.1994.10476818

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.standard_normal((2000, 1)), rng.standard_normal((2000, 1)) / 2
    >>> p, p_new = (1 / (1 + np.exp(-3 * np.hstack([-a, a]))) for a in (x, x_new))
    >>> y = (rng.random(2000) < p[:, 1]).astype(int)
    >>> given = Predictions(x, x_new, y, p.argmax(1), p_new.argmax(1), p, p_new, classes=("no", "yes"))
    >>> abs(doubly_robust(given).value - 0.737) < 0.03
    True
    """
    return estimate(
        "doubly_robust", (predictions, metric, level, seed), COVARIATE_SHIFT, widen=True, unless=(thin, miscalibrated)
    )
