"""Doubly robust estimate of a metric."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ecotone.cards import Card
from ecotone.contracts import Estimate, Floats
from ecotone.measure.scores import SoftSample

from ._core import Core
from ._errors import Errors
from ._estimator import COVARIATE_SHIFT, Estimator, estimate
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

#: The interval is value -+ (z se + B range), and reaches A |value - reference| further on the side away from the
#: reference: learners that were held back see too little of a change, not too much. Fitted on simulated shifts by
#: ``benchmarks/accuracy/fit_constants.py``.
A, B = 0.3, 0.0
#: In the place of A where there are more than two classes: their estimates are held back more. Chosen so that 94 % of
#: the 36 four-class replicates of ``fit_constants.py`` and ``coverage.py`` are covered, so that figure is in-sample.
A_MANY = 0.8
#: The standard error is stretched by this: it leaves out what the fits themselves add. Chosen on the smooth shifts of
#: ``benchmarks/accuracy/support.py`` with seeds below 60, where it covered 95 % (of 59).
STRETCH = 1.2


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
    return estimate(DOUBLY_ROBUST, wide_interval, predictions, metric, level=level, seed=seed)


def _sample(core: Core) -> SoftSample:
    d, s = core.data, core.shared
    q_ref, q_cur = s.conditional()
    missed = d.sample("reference").mass[s.rows] - q_ref[s.rows]
    gap = d.sample("reference", missed, s.rows).weighted(s.weights * len(q_cur) / len(s.rows))
    return core.outcome + gap


def _moments(core: Core) -> Floats:
    truth, expected, current = core.moments
    return np.asarray(current.mean(axis=0) + core.weighted_mean(truth - expected))


DOUBLY_ROBUST = Estimator(CARD.name, COVARIATE_SHIFT, sample=_sample, moments=_moments, unless=(thin, miscalibrated))


def errors_of(core: Core) -> Errors:
    """Standard errors of this estimate; the other estimators are given the same."""
    return Errors.of(core, DOUBLY_ROBUST)


def sampling_interval(core: Core, value: float, level: float) -> tuple[float, float]:
    """Around any estimator's value: sampling error alone."""
    return errors_of(core).interval(value, level)


def wide_interval(core: Core, value: float, level: float) -> tuple[float, float]:
    """Stretched, wider by the range of the parts, away from the reference by a share of the move, and open ends."""
    if np.isnan(value):
        return value, value
    half = STRETCH * (float(stats.norm.isf((1 - level) / 2)) * errors_of(core).of_value) + B * disagreement(core)
    move = reach(core) * (value - core.reference)
    below, above = open_ends(core, value)
    low, high = value - half + min(0.0, move) - below, value + half + max(0.0, move) + above
    return core.metric.clip(low), core.metric.clip(high)


def reach(core: Core) -> float:
    """Share of the estimated move by which the interval reaches further away from the reference."""
    return A_MANY if len(core.data.classes) > 2 else A


def open_ends(core: Core, value: float) -> tuple[float, float]:
    """How far rows without a reference may take the metric down and up: to its ends, in their share of the rows.

    Where the metric has no end on one side, they are taken to lie at most three times as far there as on the other.
    """
    below, above = value - core.metric.bounds[0], core.metric.bounds[1] - value
    below, above = (near if np.isfinite(near) else 3 * far for near, far in ((below, above), (above, below)))
    return core.shared.beyond * below, core.shared.beyond * above


def disagreement(core: Core) -> float:
    """Range of the value and its two halves: the model of the labels, and the weighted reference."""
    halves = (
        Estimator("outcome", "", sample=lambda c: c.outcome, moments=lambda c: c.moments[2].mean(axis=0)),
        Estimator("weighted", "", sample=lambda c: c.weighted, moments=lambda c: c.weighted_mean(c.moments[0])),
    )
    values = [v for part in (*halves, DOUBLY_ROBUST) if np.isfinite(v := part.value(core))]
    return max(values) - min(values) if values else 0.0
