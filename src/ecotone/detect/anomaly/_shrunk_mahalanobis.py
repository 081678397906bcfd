"""Mahalanobis distance with a shrunk covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.base import BaseEstimator
from sklearn.covariance import ledoit_wolf
from sklearn.utils.validation import check_is_fitted, validate_data

from ecotone.cards import Card
from ecotone.contracts import Floats

CARD = Card(
    name="ShrunkMahalanobis",
    summary="Negative squared distance to the mean in the metric of the shrunk covariance.",
    contract="Detector",
    title="A well-conditioned estimator for large-dimensional covariance matrices",
    authors=("Ledoit, Olivier", "Wolf, Michael"),
    year=2004,
    venue="Journal of Multivariate Analysis 88(2)",
    link="https://doi.org/10.1016/S0047-259X(03)00096-4",
    remedy_for=("outliers",),
    advice="Look at the rows farthest from the mean before the model sees them.",
    tier="stable",
)


class ShrunkMahalanobis(BaseEstimator):
    r"""Negative squared Mahalanobis distance.

    .. math:: s(x) = -(x - \mu)^\top \Sigma^{-1} (x - \mu)

    with the Ledoit-Wolf covariance, which stays invertible with more columns than rows. The log density of one
    normal distribution, up to scale and constant.

    Attributes
    ----------
    mean_ : (d,) array
    covariance_ : (d, d) array

    References
    ----------
    Ledoit and Wolf (2004), https://doi.org/10.1016/S0047-259X(03)00096-4

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((500, 3))
    >>> scores = ShrunkMahalanobis().fit(x).score_samples(np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]))
    >>> bool(scores[0] > scores[1])
    True
    """

    def fit(self, X: Any, y: Any = None) -> ShrunkMahalanobis:
        """Fit on rows of the reference ``(n, d)``."""
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.mean_ = X.mean(0)
        self.covariance_ = np.atleast_2d(ledoit_wolf(X)[0])
        scale = float(np.mean(np.diag(self.covariance_))) or 1.0
        diagonal = np.diag_indices(X.shape[1])
        self.covariance_[diagonal] = np.maximum(self.covariance_[diagonal], 1e-9 * scale)  # constant columns
        return self

    def score_samples(self, X: Any) -> Floats:
        """Negative squared distance, ``(n,)``; higher is more typical."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        L = np.linalg.cholesky(self.covariance_)
        z = (X - self.mean_) @ solve_triangular(L, np.eye(len(L)), lower=True).T
        return np.asarray(-np.einsum("ij,ij->i", z, z))
