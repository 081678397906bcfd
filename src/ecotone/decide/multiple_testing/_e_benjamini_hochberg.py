"""Benjamini and Hochberg's procedure on e-values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_evalues, step_up

CARD = Card(
    name="e_benjamini_hochberg",
    summary="False discovery rate from e-values under any dependence.",
    contract="Adjustment",
    title="False discovery rate control with e-values",
    authors=("Wang, Ruodu", "Ramdas, Aaditya"),
    year=2022,
    venue="Journal of the Royal Statistical Society B 84(3)",
    link="https://doi.org/10.1111/rssb.12489",
    reads=("evalues",),
)


def e_benjamini_hochberg(evalues: Any) -> Floats:
    r"""Adjusted p-values of the e-BH procedure: the FDR holds whatever the dependence.

    .. math:: \tilde p_{[k]} = \min_{j \ge k} \min\Bigl(1, \frac{m}{j\,e_{[j]}}\Bigr), \qquad e_{[1]} \ge e_{[2]} \ge …

    Rejecting where it is at most q is the paper's rule: the largest k with :math:`k\,e_{[k]} / m \ge 1/q`.

    Parameters
    ----------
    evalues : (m,) array in [0, inf]
        May be empty.

    Returns
    -------
    (m,) array
        In the order of the input.

    Raises
    ------
    BadInput
        For NaN or a negative value.

    References
    ----------
    Wang and Ramdas (2022), https://doi.org/10.1111/rssb.12489

    Examples
    --------
    >>> e_benjamini_hochberg([100.0, 50.0, 1.0])
    array([0.03, 0.03, 1.  ])
    """
    e = as_evalues(evalues)
    with np.errstate(divide="ignore"):
        inverse = np.minimum(1 / e, 1e300)  # finite, so that a factor can not make NaN of it
    return np.minimum(1.0, step_up(np.minimum(inverse, 1.0), e.size / np.arange(1.0, e.size + 1)))
