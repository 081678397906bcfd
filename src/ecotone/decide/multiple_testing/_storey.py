"""Storey's adaptive false discovery rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_level, as_pvalues, step_up

CARD = Card(
    name="storey",
    summary="False discovery rate that estimates the share of true nulls.",
    contract="Adjustment",
    title="Strong Control, Conservative Point Estimation and Simultaneous Conservative Consistency of False "
    "Discovery Rates: A Unified Approach",
    authors=("Storey, John D.", "Taylor, Jonathan E.", "Siegmund, David"),
    year=2004,
    venue="Journal of the Royal Statistical Society B 66(1)",
    link="https://doi.org/10.1111/j.1467-9868.2004.00439.x",
    reads=("pvalues",),
)


def storey(pvalues: Any, cut: float = 0.5) -> Floats:
    r"""Benjamini and Hochberg's adjustment times an estimate of the share of true nulls.

    .. math:: \hat\pi_0 = \min\Bigl(1, \frac{1 + \#\{p_j > \lambda\}}{m (1 - \lambda)}\Bigr), \qquad
        \tilde p_{(k)} = \max\Bigl(p_{(k)}, \hat\pi_0 \min_{j \ge k} \frac{m\,p_{(j)}}{j}\Bigr)

    The 1 in the numerator is what makes the FDR hold in finite samples under independence. The maximum with the
    p-value itself (an addition to the paper, which only makes it more careful) keeps every named hypothesis
    significant alone. Use with *independent* p-values: dependence makes the estimated share unstable.

    Parameters
    ----------
    pvalues : (m,) array in [0, 1]
        May be empty.
    cut : float in (0, 1)
        Lambda; p-values above it are counted as true nulls. At least the level used afterwards.

    Returns
    -------
    (m,) array
        In the order of the input.

    Raises
    ------
    BadInput
        For NaN, a value outside [0, 1], or a cut outside (0, 1).

    References
    ----------
    Storey, Taylor and Siegmund (2004), https://doi.org/10.1111/j.1467-9868.2004.00439.x

    Examples
    --------
    >>> storey([0.001, 0.002, 0.003, 0.004, 0.005, 0.9])
    array([0.004, 0.004, 0.004, 0.004, 0.005, 0.9  ])
    """
    p = as_pvalues(pvalues)
    lam = as_level(cut, "cut")
    share = min(1.0, (1 + np.count_nonzero(p > lam)) / (max(p.size, 1) * (1 - lam)))
    return step_up(p, share * p.size / np.arange(1.0, p.size + 1))
