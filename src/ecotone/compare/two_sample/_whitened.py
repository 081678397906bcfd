"""Coordinates of an embedding made alike in variance and unrelated, by both tables together."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Floats

from ._shuffles import FloatArray

WIDEST = 2048  # columns up to which a covariance is taken apart; beyond, columns are standardised only


def whitened(x: FloatArray) -> FloatArray:
    r"""Rows times the root of the inverse of their shrunk covariance, which knows no labels.

    :math:`\hat\Sigma = (1 - \lambda) S + \lambda\mu I` with Ledoit and Wolf's :math:`\lambda`, and the symmetric
    root, so that a coordinate stays near itself.

    References
    ----------
    Ledoit and Wolf (2004), https://doi.org/10.1016/S0047-259X(03)00096-4
    """
    n, d = x.shape
    if d > WIDEST or n < 3:
        return x
    x = x - x.mean(0)
    covariance = np.asarray(x.T @ x / n, np.float64)
    values, vectors = np.linalg.eigh(shrunk(x, covariance))
    root = (vectors / np.sqrt(np.maximum(values, 1e-9 * max(float(values[-1]), 1e-30)))) @ vectors.T
    return np.asarray(x @ root.astype(np.float32))


def shrunk(x: FloatArray, covariance: Floats) -> Floats:
    """The covariance of centred rows, drawn towards a multiple of the identity."""
    n, d = x.shape
    middle = float(np.trace(covariance)) / d
    square = float((covariance**2).sum())
    apart = square - d * middle**2  # squared distance from the multiple of the identity
    fourth = float((np.einsum("ij,ij->i", x, x, dtype=np.float64) ** 2).sum())
    noise = max((fourth / n - square) / n, 0.0)
    share = 1.0 if apart <= 0 else min(noise / apart, 1.0)
    share = max(share, 1e-3)  # columns that are sums of others have no inverse
    return np.asarray((1 - share) * covariance + share * middle * np.eye(d))
