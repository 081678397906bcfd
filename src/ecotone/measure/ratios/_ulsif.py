"""Density ratio by least squares on kernels, its width and penalty by exact leave-one-out."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg
from scipy.spatial import distance
from sklearn.base import BaseEstimator

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats, as_matrix, as_seed, check_same_columns

CARD = Card(
    name="ULSIF",
    summary="Density ratio current over reference as a sum of Gaussian kernels fitted by least squares.",
    contract="Weights",
    title="A Least-squares Approach to Direct Importance Estimation",
    authors=("Kanamori, Takafumi", "Hido, Shohei", "Sugiyama, Masashi"),
    year=2009,
    venue="Journal of Machine Learning Research 10",
    link="https://www.jmlr.org/papers/v10/kanamori09a.html",
    remedy_for=("covariate",),
    advice="Where the columns are few and numeric, weight the reference rows by the smooth density ratio and refit.",
    tier="method",
)

_WIDTHS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)  # times the median distance between centres
_PENALTIES = tuple(10.0**e for e in np.arange(-3, 1.5, 0.5))
_MOST_LEFT_OUT = 2000  # rows of each sample for leaving one out, which settles two settings; chosen, not tuned


class ULSIF(BaseEstimator):
    r"""Unconstrained least-squares importance fitting.

    Kernels :math:`\phi_l(x) = \exp(-\|x - c_l\|^2 / 2\sigma^2)` at randomly chosen current rows c, and

    .. math:: \hat w(x) = \max(0, \alpha)^\top \phi(x), \qquad \alpha = (\hat H + \lambda I)^{-1} \hat h, \qquad
              \hat H = \frac1n \sum_i \phi(x_i)\phi(x_i)^\top, \quad \hat h = \frac1m \sum_j \phi(x'_j),

    the minimum of the squared error of w over the reference, penalised. :math:`\sigma` and :math:`\lambda` minimise
    that error with one reference and one current row left out at a time, in closed form. The columns are divided by
    their standard deviation over both samples, and the weights scaled to mean 1 over the reference. For a handful of
    numeric columns; with many, kernels see little (use :class:`ClassifierRatio`).

    Parameters
    ----------
    centres : int
        At most this many kernels.
    sigma : float or None
        Width in standard deviations of the columns; None: chosen.
    penalty : float or None
        :math:`\lambda`; None: chosen.
    seed : int or None
        Of the centres, and of the pairs left out where there are more than 2000.

    Attributes
    ----------
    centres_ : (b, d) float64; coefficients_ : (b,) float64; sigma_, penalty_ : float; scores_ : dict
        Leave-one-out error by (sigma, penalty), up to a constant.

    Raises
    ------
    BadInput
        From ``fit``, for fewer than two rows, missing values or different columns.

    References
    ----------
    Kanamori, Hido and Sugiyama (2009), https://www.jmlr.org/papers/v10/kanamori09a.html

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-3, 3, 300)[:, None]
    >>> ratio = ULSIF().fit(x, x[x[:, 0] > 0])
    >>> bool(ratio.predict([[2.0]])[0] > 1 > ratio.predict([[-2.0]])[0])
    True
    """

    def __init__(
        self, centres: int = 100, sigma: float | None = None, penalty: float | None = None, seed: int | None = 0
    ) -> None:
        self.centres = centres
        self.sigma = sigma
        self.penalty = penalty
        self.seed = seed

    def fit(self, X_reference: Any, X_current: Any) -> ULSIF:
        """Fit on (n, d) reference and (m, d) current rows."""
        a, b = as_matrix(X_reference, "X_reference"), as_matrix(X_current, "X_current")
        check_same_columns(a, b, ("X_reference", "X_current"))
        if min(len(a), len(b)) < 2 or self.centres < 1:
            raise BadInput(f"{len(a)} and {len(b)} rows and {self.centres} centres; give 2 rows or more and a centre")
        if any(value is not None and value <= 0 for value in (self.sigma, self.penalty)):
            raise BadInput(f"sigma is {self.sigma} and penalty is {self.penalty}; give numbers above 0, or None")
        self.n_features_in_ = a.shape[1]
        spread = np.vstack([a, b]).std(0)
        self._unit = np.where(spread > 0, spread, 1.0)
        a, b = a / self._unit, b / self._unit
        rng = as_seed(self.seed, 0)
        self.centres_ = b[np.sort(rng.choice(len(b), min(self.centres, len(b)), replace=False))]
        self._choose(a, b, rng)
        phi = _kernels(a, self.centres_, self.sigma_)
        h = _kernels(b, self.centres_, self.sigma_).mean(0)
        self.coefficients_ = np.maximum(_solve(phi.T @ phi / len(a), self.penalty_, h), 0)
        mean = float((phi @ self.coefficients_).mean())
        if mean <= 0:
            raise BadInput("no reference row lies near the current rows: the density ratio does not exist there")
        self.coefficients_ = self.coefficients_ / mean
        return self

    def predict(self, X: Any) -> Floats:
        """(n,) weights."""
        x = as_matrix(X, "X")
        if x.shape[1] != self.n_features_in_:
            raise BadInput(f"X has {x.shape[1]} columns and the reference had {self.n_features_in_}; give the same")
        return np.asarray(_kernels(x / self._unit, self.centres_, self.sigma_) @ self.coefficients_)

    def _choose(self, a: Floats, b: Floats, rng: np.random.Generator) -> None:
        n = min(len(a), len(b))
        left_out = [rng.permutation(len(x))[: min(n, _MOST_LEFT_OUT)] for x in (a, b)]
        apart = distance.pdist(self.centres_)
        median = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
        self.scores_ = {}
        for sigma in [w * median for w in _WIDTHS] if self.sigma is None else [float(self.sigma)]:
            f, g = (_kernels(x, self.centres_, sigma) for x in (a, b))
            for penalty in _PENALTIES if self.penalty is None else [float(self.penalty)]:
                self.scores_[sigma, penalty] = leave_one_out(f, g, penalty, *left_out)
        self.sigma_, self.penalty_ = min(self.scores_, key=lambda key: self.scores_[key])


def leave_one_out(f: Floats, g: Floats, penalty: float, i: Any, j: Any) -> float:
    r"""Mean of :math:`\frac12 w(x_i)^2 - w(x'_j)` with w fitted without reference row i and current row j.

    ``f`` (n, b) and ``g`` (m, b) are the kernels at both samples; ``i`` and ``j`` the rows of the pairs left out.
    Both sums lose a term, so the Sherman-Morrison formula gives every refit from one factorisation.
    """
    n, m = len(f), len(g)
    h = g.mean(0)
    out, out_current = f[i], g[j]
    rest = (m * h - out_current) / (m - 1)
    # H without row i, plus the penalty, is n / (n - 1) times (base - f_i f_i' / n).
    base = f.T @ f / n
    shrunk = penalty * (n - 1) / n
    solved, gain = _solve(base, shrunk, rest.T).T, _solve(base, shrunk, out.T).T
    leverage = n - (out * gain).sum(1)
    alpha = (n - 1) / n * (solved + gain * ((out * solved).sum(1) / leverage)[:, None])
    alpha = np.maximum(alpha, 0)
    return float(((out * alpha).sum(1) ** 2 / 2 - (out_current * alpha).sum(1)).mean())


def _solve(H: Floats, penalty: float, h: Floats) -> Floats:
    return np.asarray(linalg.solve(H + penalty * np.eye(len(H)), h, assume_a="pos"))


def _kernels(x: Floats, centres: Floats, sigma: float) -> Floats:
    return np.asarray(np.exp(-distance.cdist(x, centres, "sqeuclidean") / (2 * sigma**2)))
