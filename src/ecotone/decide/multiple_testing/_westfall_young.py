"""Westfall and Young's step-down maximum test."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats

CARD = Card(
    name="westfall_young",
    summary="Family-wise error from joint permutations: as sharp as the dependence allows.",
    contract="Adjustment",
    title="Multiple Hypothesis Testing in Microarray Experiments",
    authors=("Dudoit, Sandrine", "Shaffer, Juliet Popper", "Boldrick, Jennifer C."),
    year=2003,
    venue="Statistical Science 18(1), after Westfall and Young (1993)",
    link="https://doi.org/10.1214/ss/1056397487",
    reads=("statistics",),
    tier="stable",
)


def westfall_young(statistics: Any, permuted: Any) -> Floats:
    r"""Step-down maxT adjusted p-values from joint permutations.

    With the hypotheses ordered from the largest statistic to the smallest,

    .. math:: \tilde p_{(k)} = \max_{i \le k}
        \frac{1 + \#\{b : \max_{j \ge i} T^b_{(j)} \ge T_{(i)}\}}{B + 1}

    Each permutation must be applied to all hypotheses at once, which is how the dependence enters. For minP give
    negated (raw, permutation) p-values as statistics.

    Parameters
    ----------
    statistics : (m,) array
        Larger is more extreme. The hypotheses' scales should be comparable.
    permuted : (B, m) array
        The same statistics under B permutations, the identity not among them.

    Returns
    -------
    (m,) array
        In the order of the input; the smallest possible value is 1 / (B + 1).

    Raises
    ------
    BadInput
        For NaN, or shapes that do not fit.

    References
    ----------
    Westfall and Young (1993), *Resampling-Based Multiple Testing*; Dudoit, Shaffer and Boldrick (2003), box 2,
    https://doi.org/10.1214/ss/1056397487

    Examples
    --------
    >>> westfall_young([3.0, 1.0], [[0.5, 0.2], [1.5, 0.1], [0.3, 2.0]])
    array([0.25, 0.5 ])
    """
    t = np.asarray(statistics, dtype=np.float64)
    null = np.asarray(permuted, dtype=np.float64)
    if t.ndim != 1 or null.ndim != 2 or null.shape[1] != t.size:
        raise BadInput(f"statistics must be (m,) and permuted (B, m), got {t.shape} and {null.shape}")
    for name, values in (("statistics", t), ("permuted", null)):
        if np.isnan(values).any():
            raise BadInput(f"{name} has NaN at {np.argwhere(np.isnan(values))[0].tolist()}; leave the hypothesis out")
    order = np.argsort(-t, kind="stable")
    # running maximum from the least extreme hypothesis upwards
    top = np.maximum.accumulate(null[:, order][:, ::-1], axis=1)[:, ::-1]
    raw = (1 + np.count_nonzero(top >= t[order], axis=0)) / (null.shape[0] + 1)
    adjusted = np.empty_like(t)
    adjusted[order] = np.maximum.accumulate(raw)
    return adjusted
