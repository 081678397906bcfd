"""Weights for a shifted continuous target from unlabelled current rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg
from scipy.spatial import distance
from sklearn.base import BaseEstimator

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats, as_matrix, as_seed, check_same_columns

CARD = Card(
    name="ReTaSA",
    summary="Weights p_current(y) / p_reference(y) of a continuous target by a regularised integral equation.",
    contract="Weights",
    title="ReTaSA: A Nonparametric Functional Estimation Approach for Addressing Continuous Target Shift",
    authors=("Kim, Hwanwoo", "Zhang, Xin", "Zhao, Jiwei", "Tian, Qinglong"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2401.16410",
    row=484,
    reads=("rows", "labels"),
    remedy_for=("label",),
    advice="For a regression, weight the reference rows by the estimated ratio of the target's densities and refit.",
    tier="experimental",
    claim="Under a shifted continuous target the weights lie nearer to the true ratio than equal weights, kernel "
    "mean matching of the target and weights for the inputs, and the weighted regression has the smallest risk.",
)

_MOST_COLUMNS = 3  # beyond, kernel estimates need more rows than there are; chosen, not tuned


class ReTaSA(BaseEstimator):
    r"""Continuous target shift: :math:`p(x \mid y)` unchanged, the distribution of y moved from p to q.

    :math:`\rho(y) = q(y)/p(y) - 1` solves :math:`T\rho = \eta` with :math:`(T\rho)(x) = \mathbb E_p[\rho(Y) \mid x]`
    and :math:`\eta(x) = q(x)/p(x) - 1`. The equation is ill-posed; Tikhonov's solution is

    .. math:: \rho_\alpha = (\alpha I + T^*T)^{-1} T^*\eta, \qquad (T^*g)(y) = \mathbb E_p[g(X) \mid y].

    Both conditional means are Nadaraya-Watson sums over the reference rows (row-stochastic A and B, which are *not*
    each other's transposes), :math:`\eta` a ratio of kernel density estimates: :math:`(\alpha I + BA)\rho = B\eta`.
    It is :math:`\rho`, not the weight itself, that is shrunk, so that the weights tend to 1. They are cut at 0 and
    scaled to mean 1 over the reference. q must not reach beyond p, and y must show in x: where T is not injective
    the shift is not identified.

    Parameters
    ----------
    alpha : float
        Larger is smoother and nearer to 1.
    bandwidth_x, bandwidth_y : float or None
        Standard deviation of the Gaussian kernels, in standard deviations of the (reference) columns; None: the
        normal reference rule :math:`(4/(d+2))^{1/(d+4)}\, n^{-1/(d+4)}`.
    max_rows : int
        Larger tables are sampled; time grows with its cube.
    random_state : int or None
        Of that sample.

    Attributes
    ----------
    rho_ : (n,) float64
        At the sampled reference rows, before it is cut.
    y_ : (n,) float64; their targets, in standard units.

    Raises
    ------
    BadInput
        From ``fit``, for more than 3 columns: give a model's prediction as the one column instead.

    References
    ----------
    Kim, Zhang, Zhao and Tian (2024), https://arxiv.org/abs/2401.16410

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y, y_new = rng.normal(0, 1, 500), rng.normal(0.5, 1, 500)
    >>> x, x_new = y + rng.normal(0, 0.5, 500), y_new + rng.normal(0, 0.5, 500)
    >>> low, high = ReTaSA().fit(x, y, x_new).predict([-1.0, 1.0])
    >>> bool(low < 0.8 < 1.1 < high)
    True
    """

    def __init__(
        self,
        alpha: float = 0.05,
        bandwidth_x: float | None = None,
        bandwidth_y: float | None = None,
        max_rows: int = 1500,
        random_state: int | None = 0,
    ) -> None:
        self.alpha = alpha
        self.bandwidth_x = bandwidth_x
        self.bandwidth_y = bandwidth_y
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X_reference: Any, y_reference: Any, X_current: Any) -> ReTaSA:
        """Fit on (n, d) reference rows, their (n,) targets, and (m, d) current rows; d at most 3."""
        x, z = as_matrix(X_reference, "X_reference"), as_matrix(X_current, "X_current")
        check_same_columns(x, z, ("X_reference", "X_current"))
        y = as_matrix(y_reference, "y_reference")
        if y.shape != (len(x), 1) or len(x) < 2:
            raise BadInput(f"y_reference must be {len(x)} numbers, one for each of 2 or more rows, got {y.shape}")
        if x.shape[1] > _MOST_COLUMNS:
            raise BadInput(
                f"X_reference has {x.shape[1]} columns, too many for kernels (at most {_MOST_COLUMNS}); give a model's "
                "prediction as the one column"
            )
        if not self.alpha > 0:
            raise BadInput(f"alpha is {self.alpha}; give a number above 0")
        rows, others = (self._sample(len(t), k) for k, t in enumerate((x, z)))
        centre, unit = x.mean(0), _unit(x)
        x, z = (x[rows] - centre) / unit, (z[others] - centre) / unit
        self._centre_y, self._unit_y = float(y.mean()), float(_unit(y)[0])
        self.y_ = (y[rows, 0] - self._centre_y) / self._unit_y
        self.bandwidth_y_ = _rule(len(x), 1) if self.bandwidth_y is None else float(self.bandwidth_y)
        h = _rule(min(len(x), len(z)), x.shape[1]) if self.bandwidth_x is None else float(self.bandwidth_x)
        here, there = _gauss(x, x, h), _gauss(x, z, h)
        self._eta = np.minimum(there.mean(1) / here.mean(1), np.sqrt(len(x))) - 1
        A = here / here.sum(1, keepdims=True)
        B = self._given_y(self.y_)
        self.rho_ = tikhonov(A, B, self._eta, self.alpha)
        self._residual = (self._eta - A @ self.rho_) / self.alpha  # rho(y) = E(residual | y), at any y
        self._scale = 1.0
        mean = float(self.predict(y[:, 0]).mean())
        if mean <= 0:
            raise BadInput("every weight is 0: the current rows lie beyond the reference rows")
        self._scale = 1 / mean
        return self

    def predict(self, y: Any) -> Floats:
        """(n,) weights of rows with targets ``y``."""
        v = as_matrix(y, "y")
        if v.shape[1] != 1:
            raise BadInput(f"y must be a vector of targets, got shape {np.shape(y)}")
        v = (v[:, 0] - self._centre_y) / self._unit_y
        steps = range(0, len(v), 4096)
        rho = np.concatenate([self._given_y(v[i : i + 4096]) @ self._residual for i in steps])
        return np.asarray(np.maximum(1 + rho, 0) * self._scale)

    def _given_y(self, y: Floats) -> Floats:
        """Nadaraya-Watson weights of the reference rows at targets y; far out, those of the nearest."""
        square = (y[:, None] - self.y_) ** 2
        square = square - square.min(1, keepdims=True)
        k = np.exp(-square / (2 * self.bandwidth_y_**2))
        return np.asarray(k / k.sum(1, keepdims=True))

    def _sample(self, n: int, stream: int) -> Any:
        if n <= self.max_rows:
            return np.arange(n)
        return np.sort(as_seed(self.random_state, stream).choice(n, self.max_rows, replace=False))


def tikhonov(A: Floats, B: Floats, eta: Floats, alpha: float) -> Floats:
    """Solution of (alpha I + B A) rho = B eta."""
    return np.asarray(linalg.solve(alpha * np.eye(len(A)) + B @ A, B @ eta))


def _gauss(x: Floats, z: Floats, h: float) -> Floats:
    return np.asarray(np.exp(-distance.cdist(x, z, "sqeuclidean") / (2 * h**2)))


def _rule(n: int, d: int) -> float:
    return float((4 / ((d + 2) * n)) ** (1 / (d + 4)))


def _unit(x: Floats) -> Floats:
    spread = x.std(0)
    return np.where(spread > 0, spread, 1.0)
