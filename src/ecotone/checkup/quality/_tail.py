"""Whether values lie farther out than the reference's own tail leads one to expect."""

from __future__ import annotations

import math

import numpy as np

from ._empirical_distribution import EmpiricalDistribution

#: Fewer reference values than this say nothing about a tail.
FEWEST = 20
#: Tables in which an ordinary tail would hold as many rows so far out.
_RARE = 1e-3
_HEAVINESS = 0.1  # least index of a tail of values that hardly repeat
_HEAVINESS_TIED = 0.2  # of one of few values, whose spacing hides how fast it falls
_ROWS = (1, 3, 10)


def breaks_out(reference: EmpiricalDistribution, current: EmpiricalDistribution) -> bool:
    r"""Whether current's largest values break the range of the reference; mirror both distributions for the smallest.

    Beyond its :math:`k = \sqrt{n}` largest values the reference's tail, measured from the median, is continued as a
    power law with Hill's index and a standard error more, :math:`\hat\gamma`, at least .1 (.2 where the largest
    values are few that repeat). It leads one to expect :math:`E = m \frac{k}{n} (x / x_{(k)})^{-1/\hat\gamma}` rows of
    current beyond :math:`x`. The range is broken where the first, third or tenth largest value lies so far out that
    :math:`E^j / j! \le .001`. A light tail is taken as heavier than it is, so that ordinary extremes stay silent.

    References
    ----------
    Hill (1975), https://doi.org/10.1214/aos/1176343247; Weissman (1978), https://doi.org/10.1080/01621459.1978.10480104
    """
    if reference.rows < FEWEST or not current.rows:
        return False
    edge, middle = float(reference.values[-1]), reference.median
    if float(current.values[-1]) <= edge:
        return False
    base, index, share = _tail(reference, middle)
    if base <= 0:
        return False
    values, weights = current.top(max(_ROWS))
    upto = np.cumsum(weights)
    for j in _ROWS:
        at = int(np.searchsorted(upto, j - 1e-9))
        if at < len(values) and values[at] > edge:
            out = math.log(max((float(values[at]) - middle) / base, 1.0))
            expected = math.log(current.rows * share) - out / index
            if j * expected - math.lgamma(j + 1) <= math.log(_RARE):
                return True
    return False


def tail_index(distribution: EmpiricalDistribution) -> float:
    """Hill's index of the upper tail, measured from the median."""
    return _tail(distribution, distribution.median)[1]


def _tail(distribution: EmpiricalDistribution, middle: float) -> tuple[float, float, float]:
    """Where the tail begins, its index, and its share of the rows; no beginning where nothing is beyond the median."""
    k = max(5.0, math.sqrt(distribution.rows))
    values, weights = distribution.top(k)
    with np.errstate(over="ignore"):
        far = values - middle
    weights = weights[far > 0]
    far = far[far > 0]
    if not len(far) or not np.isfinite(far[0]):
        return 0.0, 1.0, 1.0
    rows = float(weights.sum())
    index = float(weights @ np.log(far / far[-1])) / rows
    index *= 1 + 1 / math.sqrt(rows)  # a standard error more
    tied = len(np.unique(far)) < 0.5 * len(far)
    return float(far[-1]), max(index, _HEAVINESS_TIED if tied else _HEAVINESS), rows / distribution.rows
