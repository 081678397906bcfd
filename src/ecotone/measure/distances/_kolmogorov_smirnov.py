"""Kolmogorov and Smirnov's distance."""

from __future__ import annotations

from typing import Any

from ecotone.cards import Card

from ._pair import check_pair

CARD = Card(
    name="kolmogorov_smirnov",
    summary="Largest gap between two empirical distribution functions, over the columns.",
    contract="Distance",
    title="Table for Estimating the Goodness of Fit of Empirical Distributions",
    authors=("Smirnov, Nikolai",),
    year=1948,
    venue="Annals of Mathematical Statistics 19(2)",
    link="https://doi.org/10.1214/aoms/1177730256",
    tier="stable",
)


def kolmogorov_smirnov(x: Any, y: Any) -> float:
    r"""Largest gap between the empirical distribution functions.

    .. math:: D = \max_j \sup_t |F_j(t) - G_j(t)|

    With more than one column it is the largest over the columns: it sees margins only. Ties are right: both
    functions are compared after all rows of a value.

    Parameters
    ----------
    x : (n, d) float array of any array-API library
    y : (m, d) array of the same library, dtype and device

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    BadInput
        For unequal numbers of columns, an empty sample, or a value that is not finite.

    References
    ----------
    Smirnov (1948), https://doi.org/10.1214/aoms/1177730256

    Examples
    --------
    >>> import numpy as np
    >>> kolmogorov_smirnov(np.array([[1.0], [2.0]]), np.array([[2.0], [3.0]]))
    0.5
    """
    xp = check_pair(x, y)
    n, m = x.shape[0], y.shape[0]
    pooled = xp.concat([x, y], axis=0)
    # steps of m and -n keep the running sum in whole numbers: exact at any size
    sides = [xp.full((k,), v, dtype=xp.int64, device=x.device) for k, v in ((n, m), (m, -n))]
    step = xp.concat(sides)
    largest = 0
    for j in range(pooled.shape[1]):
        order = xp.argsort(pooled[:, j])
        values = xp.take(pooled[:, j], order)
        gap = xp.abs(xp.cumulative_sum(xp.take(step, order)))
        inside = values[1:] == values[:-1]  # more rows of this value follow
        largest = max(largest, int(xp.max(xp.where(inside, 0 * gap[:-1], gap[:-1]))))
    return float(largest / (n * m))
