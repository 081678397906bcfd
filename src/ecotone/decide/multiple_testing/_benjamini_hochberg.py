"""Benjamini and Hochberg's step-up procedure."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_pvalues, step_up

CARD = Card(
    name="benjamini_hochberg",
    summary="False discovery rate under independence or positive dependence.",
    contract="Adjustment",
    title="Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing",
    authors=("Benjamini, Yoav", "Hochberg, Yosef"),
    year=1995,
    venue="Journal of the Royal Statistical Society B 57(1)",
    link="https://doi.org/10.1111/j.2517-6161.1995.tb02031.x",
    reads=("pvalues",),
    tier="stable",
)


def benjamini_hochberg(pvalues: Any) -> Floats:
    r"""Adjusted p-values for the false discovery rate.

    .. math:: \tilde p_{(k)} = \min_{j \ge k} \min(1, m\,p_{(j)} / j)

    Rejecting where the adjusted p-value is at most q keeps the FDR at q times the share of true nulls, if the
    p-values are independent or positively dependent (PRDS). Under no signal it still names something with
    probability q.

    Parameters
    ----------
    pvalues : (m,) array in [0, 1]
        May be empty.

    Returns
    -------
    (m,) array
        In the order of the input.

    Raises
    ------
    BadInput
        For NaN or a value outside [0, 1].

    References
    ----------
    Benjamini and Hochberg (1995), https://doi.org/10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    array([0.04      , 0.05333333, 0.05333333, 0.5       ])
    """
    p = as_pvalues(pvalues)
    return step_up(p, p.size / np.arange(1.0, p.size + 1))
