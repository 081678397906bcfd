"""Weighted Bonferroni."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_pvalues, as_weights

CARD = Card(
    name="weighted_bonferroni",
    summary="Family-wise error with shares of alpha fixed in advance.",
    contract="Adjustment",
    title="Multiple Hypotheses Testing with Weights",
    authors=("Benjamini, Yoav", "Hochberg, Yosef"),
    year=1997,
    venue="Scandinavian Journal of Statistics 24(3)",
    link="https://doi.org/10.1111/1467-9469.00072",
    reads=("pvalues",),
    tier="stable",
)


def weighted_bonferroni(pvalues: Any, weights: Any = None) -> Floats:
    r"""Adjusted p-values where each hypothesis holds a fixed share of alpha.

    .. math:: \tilde p_j = \min(1, p_j / w_j), \qquad \textstyle\sum_j w_j \le 1

    The smallest adjusted p-value is a valid p-value for "no hypothesis is false" under any dependence. The
    weights must be chosen without looking at the p-values.

    Parameters
    ----------
    pvalues : (m,) array in [0, 1]
        May be empty.
    weights : (m,) array, not negative, summing to at most 1, optional
        Shares of alpha; equal by default. A hypothesis of weight 0 can not be rejected.

    Returns
    -------
    (m,) array
        In the order of the input.

    Raises
    ------
    BadInput
        For NaN, a value outside [0, 1], or weights that are negative or sum to more than 1.

    References
    ----------
    Benjamini and Hochberg (1997), https://doi.org/10.1111/1467-9469.00072

    Examples
    --------
    >>> weighted_bonferroni([0.01, 0.04], [0.75, 0.25])
    array([0.01333333, 0.16      ])
    """
    p = as_pvalues(pvalues)
    w = as_weights(weights, p.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(w > 0, np.minimum(1.0, p / w), 1.0)
