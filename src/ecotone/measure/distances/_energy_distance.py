"""Energy distance between two samples."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from ecotone.cards import Card

from ._pair import centred, check_pair

CARD = Card(
    name="energy_distance",
    summary="Twice the mean distance between two samples less the mean distances within them.",
    contract="Distance",
    title="Energy statistics: A class of statistics based on distances",
    authors=("Székely, Gábor J.", "Rizzo, Maria L."),
    year=2013,
    venue="Journal of Statistical Planning and Inference 143(8)",
    link="https://doi.org/10.1016/j.jspi.2013.03.018",
    tier="stable",
)

_BLOCK = 2048  # rows of a distance block: 2048 x 2048 doubles are 32 MiB


def energy_distance(x: Any, y: Any) -> float:
    r"""Energy distance between two samples (the V-statistic, never negative).

    .. math:: E(X, Y) = 2\,\mathbb E\|X - Y\| - \mathbb E\|X - X'\| - \mathbb E\|Y - Y'\|

    Zero only if both distributions are equal. Distances are Euclidean: standardise columns of different units first.

    Parameters
    ----------
    x : (n, d) array of any array-API library
    y : (m, d) array of the same library, dtype and device

    Returns
    -------
    float
        In the unit of ``x``.

    Raises
    ------
    BadInput
        For unequal numbers of columns, an empty sample, or a value that is not finite.

    References
    ----------
    Székely and Rizzo (2013), https://doi.org/10.1016/j.jspi.2013.03.018

    Examples
    --------
    >>> import numpy as np
    >>> energy_distance(np.zeros((3, 1)), np.ones((5, 1)))
    2.0
    """
    x, y = centred(check_pair(x, y), x, y)
    return 2 * _mean_distance(x, y) - _mean_distance(x, x) - _mean_distance(y, y)


def _mean_distance(a: Any, b: Any) -> float:
    """Mean Euclidean distance over all pairs, in blocks of bounded memory."""
    xp = array_namespace(a, b)
    total = 0.0
    for i in range(0, a.shape[0], _BLOCK):
        for j in range(0, b.shape[0], _BLOCK):
            u, v = a[i : i + _BLOCK, :], b[j : j + _BLOCK, :]
            square = xp.sum(u * u, axis=1)[:, None] + xp.sum(v * v, axis=1)[None, :] - 2 * (u @ v.T)
            total += float(xp.sum(xp.sqrt(xp.clip(square, 0, None))))
    return total / float(a.shape[0] * b.shape[0])
