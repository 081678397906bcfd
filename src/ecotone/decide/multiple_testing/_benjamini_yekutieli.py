"""Benjamini and Yekutieli's step-up procedure."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_pvalues, step_up

CARD = Card(
    name="benjamini_yekutieli",
    summary="False discovery rate under any dependence.",
    contract="Adjustment",
    title="The control of the false discovery rate in multiple testing under dependency",
    authors=("Benjamini, Yoav", "Yekutieli, Daniel"),
    year=2001,
    venue="Annals of Statistics 29(4)",
    link="https://doi.org/10.1214/aos/1013699998",
    reads=("pvalues",),
)


def benjamini_yekutieli(pvalues: Any) -> Floats:
    r"""Adjusted p-values for the false discovery rate, whatever the dependence.

    .. math:: \tilde p_{(k)} = \min_{j \ge k} \min\Bigl(1, \frac{m\,p_{(j)}}{j} \sum_{i=1}^m \frac1i\Bigr)

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
    Benjamini and Yekutieli (2001), https://doi.org/10.1214/aos/1013699998

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.2])
    array([0.03, 0.3 ])
    """
    p = as_pvalues(pvalues)
    rank = np.arange(1.0, p.size + 1)
    return step_up(p, p.size * np.sum(1 / rank) / rank)
