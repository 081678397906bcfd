"""How many unweighted rows a weighted sample is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ecotone.contracts import BadInput


def effective_sample_size(w: ArrayLike) -> float:
    r"""Kish's effective number of rows, :math:`(\sum w)^2 / \sum w^2`.

    Parameters
    ----------
    w : (n,) array
        Weights, at least 0 and not all 0.

    Returns
    -------
    float
        Between 1 and n.

    Raises
    ------
    BadInput
        For empty, negative, non-finite or all-zero weights.

    References
    ----------
    Kish (1965), Survey Sampling, Wiley.

    Examples
    --------
    >>> effective_sample_size([1, 1, 0, 0])
    2.0
    """
    v = np.asarray(w, dtype=np.float64).ravel()
    if v.size == 0 or not np.isfinite(v).all() or v.min() < 0 or v.max() == 0:
        raise BadInput("w must hold finite weights of at least 0, not all 0")
    v = v / v.max()  # no overflow of squares
    return float(v.sum() ** 2 / (v @ v))
