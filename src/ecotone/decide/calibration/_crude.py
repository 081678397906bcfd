"""Predictive quantiles from the empirical distribution of standardised errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats

CARD = Card(
    name="CRUDE",
    summary="Turns a predicted mean and standard deviation into calibrated quantiles by the distribution of past "
    "errors.",
    contract="Calibrator",
    title="CRUDE: Calibrating Regression Uncertainty Distributions Empirically",
    authors=("Zelikman, Eric", "Healy, Christopher", "Zhou, Sharon", "Avati, Anand"),
    year=2020,
    venue="arXiv:2005.12496",
    link="https://arxiv.org/abs/2005.12496",
    row=557,
    reads=("prediction", "labels"),
    remedy_for=("miscalibration",),
    advice="Replace the regression's quantiles by those of its standardised errors on recent labelled rows.",
    claim="Under Student-t errors CRUDE's quantiles are better calibrated than those of a rescaled normal "
    "distribution.",
)


class CRUDE(BaseEstimator):
    r"""Standardised errors on calibration rows as the error distribution of every row.

    With :math:`z_i = (y_i - \mu_i)/\sigma_i` sorted, the quantile at level p of a new row is

    .. math:: q_p(x) = \mu(x) + \sigma(x)\, z_{(k)}, \qquad k = \min(\lfloor pn \rfloor + 1, n).

    For exchangeable continuous z its coverage over calibration sets is :math:`\mathrm{Beta}(k, n + 1 - k)`: exact in
    finite samples, but not conditional on x. The errors' mean is in the quantiles already.

    Attributes
    ----------
    z_ : (n,) float64, rising.

    References
    ----------
    Zelikman, Healy, Zhou and Avati (2020), https://arxiv.org/abs/2005.12496

    Examples
    --------
    >>> crude = CRUDE().fit([0, 0, 0, 0], [1, 1, 1, 1], [-1, 0, 1, 4])
    >>> crude.quantile([10.0], [2.0], 0.5), crude.mean([10.0], [2.0])
    (array([12.]), array([12.]))
    """

    def fit(self, mu: Any, sigma: Any, y: Any) -> CRUDE:
        """Fit to (n,) predicted means, standard deviations above 0, and outcomes."""
        m, s = _law(mu, sigma)
        v = np.asarray(y, dtype=np.float64)
        if v.shape != m.shape or not np.isfinite(v).all():
            raise BadInput(f"y must be {len(m)} finite numbers, one for each mu, got shape {v.shape}")
        self.z_ = np.sort((v - m) / s)
        return self

    def quantile(self, mu: Any, sigma: Any, p: Any) -> Floats:
        """Quantiles at level ``p``: (n,) for a number, (n, k) for k levels."""
        m, s = _law(mu, sigma)
        level = np.asarray(p, dtype=np.float64)
        if level.ndim > 1 or not ((level >= 0) & (level <= 1)).all():
            raise BadInput(f"p must be a number or a vector of numbers in [0, 1], got {p!r}")
        n = len(self.z_)
        # The small term undoes the rounding of p * n where it should be whole.
        z = self.z_[np.minimum(np.floor(level * n + 1e-9).astype(np.int64), n - 1)]
        return np.asarray(m + s * z if level.ndim == 0 else m[:, None] + s[:, None] * z)

    def cdf(self, mu: Any, sigma: Any, y: Any) -> Floats:
        """(n,) calibrated probability of an outcome of at most ``y``."""
        m, s = _law(mu, sigma)
        z = (np.asarray(y, dtype=np.float64) - m) / s
        return np.asarray(np.searchsorted(self.z_, z, side="right") / len(self.z_))

    def mean(self, mu: Any, sigma: Any) -> Floats:
        """(n,) recalibrated means."""
        m, s = _law(mu, sigma)
        return np.asarray(m + s * self.z_.mean())

    def variance(self, mu: Any, sigma: Any) -> Floats:
        """(n,) recalibrated variances."""
        _, s = _law(mu, sigma)
        return np.asarray(s**2 * self.z_.var())


def _law(mu: Any, sigma: Any) -> tuple[Floats, Floats]:
    m = np.asarray(mu, dtype=np.float64)
    s = np.asarray(sigma, dtype=np.float64)
    if m.ndim != 1 or len(m) == 0 or s.shape != m.shape:
        raise BadInput(f"mu and sigma must be non-empty vectors of one length, got shapes {m.shape} and {s.shape}")
    if not np.isfinite(m).all() or not (np.isfinite(s) & (s > 0)).all():
        raise BadInput("mu must be finite and sigma finite and above 0: it is a standard deviation; floor it first")
    return m, s
