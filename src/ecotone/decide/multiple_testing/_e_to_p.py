"""From e-values to p-values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_evalues

CARD = Card(
    name="e_to_p",
    summary="The only admissible p-value from an e-value: its inverse.",
    contract="EValue",
    title="E-values: Calibration, combination and applications",
    authors=("Vovk, Vladimir", "Wang, Ruodu"),
    year=2021,
    venue="Annals of Statistics 49(3)",
    link="https://doi.org/10.1214/20-AOS2020",
    reads=("evalues",),
)


def e_to_p(evalues: Any) -> Floats:
    r"""Turn e-values into p-values by Markov's inequality.

    .. math:: p = \min(1, 1/e)

    Parameters
    ----------
    evalues : (m,) array in [0, inf]

    Returns
    -------
    (m,) array in [0, 1]

    Raises
    ------
    BadInput
        For NaN or a negative value.

    References
    ----------
    Vovk and Wang (2021), https://doi.org/10.1214/20-AOS2020

    Examples
    --------
    >>> e_to_p([20.0, 0.5])
    array([0.05, 1.  ])
    """
    e = as_evalues(evalues)
    with np.errstate(divide="ignore"):
        return np.minimum(1.0, 1 / e)
