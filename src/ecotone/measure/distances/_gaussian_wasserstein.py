"""Wasserstein distance of two normal distributions, in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats


def gaussian_wasserstein(mean_x: Any, cov_x: Any, mean_y: Any, cov_y: Any) -> float:
    r"""Wasserstein distance of order 2 between two normal laws.

    .. math:: W_2^2 = \|\mu_x - \mu_y\|^2
        + \operatorname{tr}\bigl(\Sigma_x + \Sigma_y - 2(\Sigma_x^{1/2} \Sigma_y \Sigma_x^{1/2})^{1/2}\bigr)

    Singular covariances are allowed.

    Parameters
    ----------
    mean_x, mean_y : (d,) array
    cov_x, cov_y : (d, d) array, symmetric and positive semi-definite

    Returns
    -------
    float
        In the unit of the means.

    Raises
    ------
    BadInput
        For shapes that do not fit, or a covariance that is not symmetric and positive semi-definite.

    References
    ----------
    Dowson and Landau (1982), https://doi.org/10.1016/0047-259X(82)90077-X

    Examples
    --------
    >>> gaussian_wasserstein([0.0], [[1.0]], [3.0], [[25.0]])
    5.0
    """
    a, b = np.asarray(mean_x, dtype=np.float64), np.asarray(mean_y, dtype=np.float64)
    s, t = np.asarray(cov_x, dtype=np.float64), np.asarray(cov_y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or s.shape != (a.size, a.size) or t.shape != s.shape:
        raise BadInput(f"means must be (d,) and covariances (d, d), got {a.shape}, {s.shape}, {b.shape}, {t.shape}")
    root = _root(s, "cov_x")
    _root(t, "cov_y")
    cross = root @ t @ root
    middle = np.sqrt(np.clip(np.linalg.eigvalsh((cross + cross.T) / 2), 0, None)).sum()
    return float(np.sqrt(max(((a - b) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * middle, 0.0)))


def _root(matrix: Floats, name: str) -> Floats:
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        raise BadInput(f"{name} must be finite and symmetric")
    values, vectors = np.linalg.eigh(matrix)
    if values.size and values[0] < -1e-8 * max(values[-1], 1e-300):
        raise BadInput(f"{name} has the eigenvalue {values[0]:.3g}; it must be positive semi-definite")
    root: Floats = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root
