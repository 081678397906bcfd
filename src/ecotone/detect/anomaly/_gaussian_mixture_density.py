"""Log density of a Gaussian mixture whose covariances are shrunk."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from sklearn.base import BaseEstimator
from sklearn.covariance import ledoit_wolf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted, validate_data

from ecotone.cards import Card
from ecotone.contracts import Floats, as_seed

CARD = Card(
    name="GaussianMixtureDensity",
    summary="Log density of a Gaussian mixture in whitened coordinates, components chosen by BIC.",
    contract="Detector",
    title="Model-Based Clustering, Discriminant Analysis, and Density Estimation",
    authors=("Fraley, Chris", "Raftery, Adrian E."),
    year=2002,
    venue="Journal of the American Statistical Association 97(458)",
    link="https://doi.org/10.1198/016214502760047131",
    remedy_for=("outliers",),
    advice="Look at the rows of lowest density before the model sees them.",
    tier="stable",
)

_BLOCK = 16384  # rows scored at once; only memory depends on it
_EM_ROWS = 5000  # drawn to fit on: a bound on time, with hundreds of rows a component; chosen, not tuned


class GaussianMixtureDensity(BaseEstimator):
    r"""Log density of a mixture of normal laws.

    .. math:: \log p(x) = \log \sum_k \pi_k\, \mathcal N(x; \mu_k, \Sigma_k)

    The rows are whitened by their Ledoit-Wolf covariance first; the components' covariances in these
    coordinates carry a ridge of ``ridge + d/n`` towards the pooled one, so that 200 columns need no more than a
    few hundred rows. The number of components is the one of smallest BIC among 1 to ``max_components``, as long
    as it has fewer than n/2 parameters. At most 5 000 rows serve the EM algorithm; all serve the whitening.

    Parameters
    ----------
    max_components : int
    floor : float
        Smallest variance of a column, in the columns' squared unit: a column that hardly varied in ``fit``
        can then not outweigh all others.
    ridge : float
        Share of the pooled covariance added to each component's; larger where columns take few values.
    random_state : int

    Attributes
    ----------
    weights_ : (k,) array
    means_ : (k, d) array
    whiteners_ : (k, d, d) array
        ``(x - means_[k]) @ whiteners_[k]`` is standard normal under component k.

    References
    ----------
    Fraley and Raftery (2002), https://doi.org/10.1198/016214502760047131

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((500, 2))
    >>> scores = GaussianMixtureDensity().fit(x).score_samples(np.array([[0.0, 0.0], [6.0, 6.0]]))
    >>> bool(scores[0] > scores[1])
    True
    """

    def __init__(self, max_components: int = 5, floor: float = 0.0, ridge: float = 1e-3, random_state: int = 0) -> None:
        self.max_components = max_components
        self.floor = floor
        self.ridge = ridge
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> GaussianMixtureDensity:
        """Fit on rows of the reference ``(n, d)``."""
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        n, d = X.shape
        self.center_ = X.mean(0)
        covariance = np.atleast_2d(ledoit_wolf(X)[0])
        scale = float(np.mean(np.diag(covariance))) or 1.0
        covariance[np.diag_indices(d)] = np.maximum(np.diag(covariance), max(self.floor, 1e-9 * scale))
        # columns of W: z = (x - center) W is white
        W = solve_triangular(np.linalg.cholesky(covariance), np.eye(d), lower=True).T
        self.whitener_ = W
        rows = as_seed(self.random_state).permutation(n)[:_EM_ROWS]
        mixture = self._mixture((X[rows] - self.center_) @ W, self.ridge + d / n)
        if mixture is None:
            self.weights_, self.means_, self.whiteners_ = np.ones(1), self.center_[None], W[None]
        else:
            self.weights_ = mixture.weights_
            self.means_ = self.center_ + solve_triangular(W, mixture.means_.T, trans="T").T
            self.whiteners_ = W @ mixture.precisions_cholesky_
        return self

    def _mixture(self, Z: Floats, ridge: float) -> GaussianMixture | None:
        """The mixture of smallest BIC, None where that is one component."""
        n, d = Z.shape
        if (d + 1) * (d + 2) > n / 2:  # too few rows for a second component
            return None
        best, least = None, GaussianMixture(1, reg_covar=ridge).fit(Z).bic(Z)
        for k in range(2, self.max_components + 1):
            if k * (d + 1) * (d + 2) / 2 > n / 2:
                break
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # a rough optimum is as good for a score
                trial = GaussianMixture(
                    k, reg_covar=ridge, init_params="k-means++", tol=1e-2, max_iter=60, random_state=self.random_state
                ).fit(Z)
            bic = trial.bic(Z)
            if bic >= least:
                break
            best, least = trial, bic
        return best

    def log_components(self, X: Floats) -> Floats:
        """Log weight plus log density of each component, ``(n, k)``."""
        d = X.shape[1]
        out = np.empty((len(X), len(self.weights_)))
        for k, (weight, mean, W) in enumerate(zip(self.weights_, self.means_, self.whiteners_)):
            constant = np.log(weight) + np.log(np.abs(np.diag(W))).sum() - d / 2 * np.log(2 * np.pi)
            shift = mean @ W
            for i in range(0, len(X), _BLOCK):
                z = X[i : i + _BLOCK] @ W - shift
                out[i : i + _BLOCK, k] = constant - np.einsum("ij,ij->i", z, z) / 2
        return out

    def score_samples(self, X: Any) -> Floats:
        """Log density, ``(n,)``; higher is more typical."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(logsumexp(self.log_components(X), axis=1))

    def contributions(self, X: Any) -> Floats:
        r"""What each column adds to the surprise, given the other columns, ``(n, d)``, in nats.

        The drop of the likeliest component's negative log density when the column is replaced by its mean
        given the others: :math:`\tfrac12 (P (x - \mu))_j^2 / P_{jj}` with the precision matrix P.
        """
        X = validate_data(self, X, dtype=np.float64, reset=False)
        out = np.empty_like(X)
        likeliest = self.log_components(X).argmax(1)
        for k in np.unique(likeliest):
            precision = self.whiteners_[k] @ self.whiteners_[k].T
            at = likeliest == k
            out[at] = ((X[at] - self.means_[k]) @ precision) ** 2 / np.diag(precision) / 2
        return np.asarray(out)
