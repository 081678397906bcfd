"""One e-value out of several."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._checks import as_evalues, as_weights

CARD = Card(
    name="merge_evalues",
    summary="One e-value out of several: the mean under any dependence, the product under independence.",
    contract="EValue",
    title="E-values: Calibration, combination and applications",
    authors=("Vovk, Vladimir", "Wang, Ruodu"),
    year=2021,
    venue="Annals of Statistics 49(3)",
    link="https://doi.org/10.1214/20-AOS2020",
    reads=("evalues",),
)


def merge_evalues(evalues: Any, how: Literal["mean", "product"] = "mean", weights: Any = None) -> float:
    r"""Merge e-values for one null hypothesis.

    The (weighted) mean is an e-value under any dependence; the product only if the e-values are independent, or if
    each has expectation at most 1 given those before it.

    Parameters
    ----------
    evalues : (m,) array in [0, inf], m >= 1
    how : {"mean", "product"}
    weights : (m,) array, not negative, summing to at most 1, optional
        For the mean; fixed in advance; equal by default.

    Returns
    -------
    float
        In [0, inf].

    Raises
    ------
    BadInput
        For no e-values, NaN, a negative value, another ``how``, or weights that do not fit.

    References
    ----------
    Vovk and Wang (2021), https://doi.org/10.1214/20-AOS2020

    Examples
    --------
    >>> merge_evalues([4.0, 2.0]), merge_evalues([4.0, 2.0], "product")
    (3.0, 8.0)
    """
    e = as_evalues(evalues)
    if e.size == 0:
        raise BadInput("evalues is empty; give at least one")
    if how == "product":
        return 0.0 if (e == 0).any() else float(np.prod(e))
    if how != "mean":
        raise BadInput(f"how must be 'mean' or 'product', got {how!r}")
    w = as_weights(weights, e.size)
    return float(np.sum(w[w > 0] * e[w > 0]))
