"""Whether rows repeat by nature or were copied, from how equal rows fall on two tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from ecotone.contracts import Bools, Floats, Ints

MOST = 50  # rows of a group, above which it is a value of the distribution whatever else
LEVEL = 0.001  # chance of taking rows that repeat by nature for copies
_LEAST = 1e-300  # below it a p-value is as good as zero, and would underflow to it
_MISSED = 0.01  # chance that copying alone makes a group larger than the limit
_EXACT = 5000  # groups up to which the distribution of a count is convolved


@dataclass(frozen=True)
class Judgement:
    """What the fall of equal rows on the two tables says.

    Parameters
    ----------
    pvalue : float
        Of rows that repeat by nature in both tables alike; 1 where no group could be judged.
    limit : int
        Most rows that copying explains in one group; larger groups are values of the distribution.
    groups : int
        Groups of equal rows that could be judged.
    decidable : bool
        Whether the p-value could have been small enough: copies of fewer groups cannot be told.
    """

    pvalue: float
    limit: int
    groups: int
    decidable: bool

    @property
    def copied(self) -> bool:
        """Whether rows were copied."""
        return self.pvalue <= LEVEL


def judge(counts: Ints, able: Bools, whole: Bools) -> tuple[Judgement, Bools]:
    r"""Test whether groups of equal rows fall on the two tables as exchangeable rows do.

    Rows that repeat by nature are exchangeable between tables of one distribution; copies stay in the table in which
    they were made. Of :math:`k` equal rows all are the reference's with probability
    :math:`r_k = \prod_{i<k} (n - i)/(N - i)` (current's: :math:`c_k`), whatever the distribution. The numbers of groups
    in the reference only, in current only and in one table only are each compared with their Poisson-binomial laws.

    Groups of more rows than copying at random gives are left out of these numbers, for they are values of the
    distribution, unless all groups of one size do the same: a batch that was appended again and again. Half of the
    level is for all sizes up to the limit together, half for each larger one; Bonferroni's bound joins all of them.

    Parameters
    ----------
    counts : (2, g) int64
        Rows of the reference and of current in each group.
    able : (g,) bool
        Groups whose rows do not agree by chance.
    whole : (2, g) bool
        Whether the group's rows in each table are equal in the columns that the other table lacks, too. A group that
        is not counts as none of that table's, which can only raise the p-value.

    Returns
    -------
    Judgement
    candidates : (g,) bool
        Groups that may be copies: two rows at least, no more than the limit.
    """
    size = counts.sum(0)
    able = able & (size <= MOST)
    limit = _size_limit(counts, able)
    n, m = (int(c) for c in counts.sum(1))
    rates = [_alone(own, n + m, MOST) for own in (n, m)]
    rates.append(rates[0] + rates[1])
    groups = np.bincount(size[able & (size >= 2)], minlength=MOST + 1)
    only = [np.bincount(size[able & (size >= 2) & (counts[1 - t] == 0) & whole[t]], minlength=MOST + 1) for t in (0, 1)]
    only.append(only[0] + only[1])
    large = [
        min(upper_tail(groups[k : k + 1], rate[k : k + 1], int(seen[k])) for rate, seen in zip(rates, only))
        for k in range(limit + 1, MOST + 1)
    ]
    cost = len(rates) * max(len(large), 1)
    least = cost * min(large, default=1.0)
    limit = max([limit, *(limit + 1 + i for i, p in enumerate(large) if 2 * cost * p <= LEVEL)])
    upto = slice(None, limit + 1)
    judged = groups[upto]
    tails = [upper_tail(judged, rate[upto], int(seen[upto].sum())) for rate, seen in zip(rates, only)]
    least = min(least, len(rates) * min(tails))
    most = min(upper_tail(judged, rate[upto], int(judged.sum())) for rate in rates[:2])
    found = Judgement(min(1.0, max(2 * least, _LEAST)), limit, int(judged.sum()), bool(2 * len(rates) * most <= LEVEL))
    return found, able & (size >= 2) & (size <= limit)


def _size_limit(counts: Ints, able: Bools) -> int:
    """Rows that a group of copies may have: more are drawn less than once in a hundred tables.

    Where rows are copied at random, a row has about a Poisson number of copies; its mean is read from the numbers of
    rows with one copy and with none.
    """
    once, twice = ((able & (counts == k)).sum(1) for k in (1, 2))
    mean = float(np.max(twice / np.maximum(once, 1e-9)))
    sizes = np.arange(2, MOST + 1)
    enough = able.sum() * stats.poisson.sf(sizes - 1, min(mean, 1e6)) <= _MISSED
    return int(sizes[enough.argmax()]) if enough.any() else MOST


def _alone(own: int, total: int, limit: int) -> Floats:
    """Chance that k of ``total`` exchangeable rows are all among ``own``, for k = 0 to ``limit``."""
    i = np.arange(limit)
    steps = np.maximum(own - i, 0) / np.maximum(total - i, 1)
    return np.concatenate([[1.0], np.cumprod(steps)])


def upper_tail(groups: Ints, rates: Floats, seen: int) -> float:
    """P(sum of binomials ``groups[k]``, ``rates[k]`` is ``seen`` or more); a Chernoff bound for many groups.

    Examples
    --------
    >>> round(upper_tail(np.array([3]), np.array([0.5]), 3), 6)
    0.125
    """
    groups, rates = groups[groups > 0], np.minimum(rates[groups > 0], 1.0)
    if seen <= 0 or groups.sum() == 0:
        return 1.0
    if groups.sum() <= _EXACT:
        distribution = np.ones(1)
        for count, rate in zip(groups, rates):
            distribution = np.convolve(distribution, stats.binom.pmf(np.arange(count + 1), count, rate))
        return float(min(1.0, distribution[seen:].sum()))
    if seen <= float(groups @ rates):
        return 1.0

    def exponent(t: float) -> float:
        return float(groups @ np.log1p(rates * np.expm1(t)) - t * seen)

    return float(np.exp(min(0.0, optimize.minimize_scalar(exponent, bounds=(0.0, 50.0), method="bounded").fun)))
