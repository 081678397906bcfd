"""Holm's step-down adjustment."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_pvalues, step_down

CARD = Card(
    name="holm",
    summary="Family-wise error under any dependence: Bonferroni, stepping down.",
    contract="Adjustment",
    title="A Simple Sequentially Rejective Multiple Test Procedure",
    authors=("Holm, Sture",),
    year=1979,
    venue="Scandinavian Journal of Statistics 6(2)",
    link="https://www.jstor.org/stable/4615733",
    reads=("pvalues",),
    tier="stable",
)


def holm(pvalues: Any) -> Floats:
    r"""Holm's adjusted p-values: family-wise error at most alpha under any dependence.

    .. math:: \tilde p_{(k)} = \max_{j \le k} \min\bigl(1, (m - j + 1)\, p_{(j)}\bigr)

    Parameters
    ----------
    pvalues : (m,) array in [0, 1]
        May be empty.

    Returns
    -------
    (m,) array
        Adjusted p-values in the order of the input; reject where at most alpha.

    Raises
    ------
    BadInput
        For NaN or a value outside [0, 1].

    References
    ----------
    Holm (1979), https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = as_pvalues(pvalues)
    return step_down(p, np.arange(p.size, 0, -1, dtype=np.float64))
