"""Calibrators: from p-values to e-values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats

from ._checks import as_level, as_pvalues

CARD = Card(
    name="p_to_e",
    summary="An e-value from a p-value, by a calibrator.",
    contract="EValue",
    title="E-values: Calibration, combination and applications",
    authors=("Vovk, Vladimir", "Wang, Ruodu"),
    year=2021,
    venue="Annals of Statistics 49(3)",
    link="https://doi.org/10.1214/20-AOS2020",
    reads=("pvalues",),
)


def p_to_e(pvalues: Any, kappa: float | None = None) -> Floats:
    r"""Turn p-values into e-values.

    .. math:: e = \kappa\,p^{\kappa - 1} \quad\text{or, averaged over}\ \kappa \in (0, 1), \quad
        e = \frac{1 - p + p \ln p}{p\,(\ln p)^2}

    Both are decreasing and integrate to 1 over (0, 1), so that a valid p-value becomes a valid e-value.

    Parameters
    ----------
    pvalues : (m,) array in [0, 1]
    kappa : float in (0, 1), optional
        By default the average over all of them, which needs no choice.

    Returns
    -------
    (m,) array in [0, inf]

    Raises
    ------
    BadInput
        For NaN, a value outside [0, 1], or ``kappa`` outside (0, 1).

    References
    ----------
    Vovk and Wang (2021), https://doi.org/10.1214/20-AOS2020

    Examples
    --------
    >>> p_to_e([0.0001, 1.0], kappa=0.5)
    array([50. ,  0.5])
    """
    p = as_pvalues(pvalues)
    if kappa is not None:
        kappa = as_level(kappa, "kappa")
        with np.errstate(divide="ignore"):
            return np.asarray(kappa * p ** (kappa - 1.0), dtype=np.float64)
    near = p > 1 - 1e-4  # there the quotient cancels; its series in t = -ln p is 1/2 + t/6 + ...
    q = np.where(near | (p == 0), 0.5, p)
    log = np.log(q)
    e = (1 - q + q * log) / (q * log**2)
    e = np.where(near, 0.5 - np.log(np.where(near, p, 1.0)) / 6, e)
    return np.where(p == 0, np.inf, e)
