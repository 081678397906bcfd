"""Mixtures of normal distributions under quadratic tilts: other mixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput

if TYPE_CHECKING:
    from ._gaussian_mixture import GaussianMixture


def quadratic_tilt(mixture: GaussianMixture, precision: Any, linear: Any) -> tuple[GaussianMixture, float]:
    r"""The mixture with density proportional to :math:`p(x) e^{-\frac12 x^\top A x + b^\top x}`, and the log of what it
    was divided by.

    With :math:`\Lambda_k = \Sigma_k^{-1} + A` each component becomes
    :math:`N(\Lambda_k^{-1}(\Sigma_k^{-1}\mu_k + b), \Lambda_k^{-1})`, its weight multiplied by its own integral.
    """
    d = mixture.shape_[0]
    a, b = _tensor(precision, (d, d), "precision"), _tensor(linear, (d,), "linear")
    if float((a - a.T).abs().max()) > 1e-9 * (1 + float(a.abs().max())):
        raise BadInput("precision must be symmetric; use (A + A.T) / 2")
    inverse = torch.linalg.inv(mixture.covariances_)
    lambdas = inverse + a
    values = torch.linalg.eigvalsh(lambdas)
    if bool((values[:, 0] <= 0).any()):
        k = int((values[:, 0] <= 0).nonzero()[0])
        raise BadInput(
            f"the tilt outgrows component {k} (eigenvalue {float(values[k, 0]):g}): the tilted density has "
            "no finite integral; use a smaller tilt"
        )
    spread = torch.linalg.inv(lambdas)
    pull = torch.einsum("kij,kj->ki", inverse, mixture.means_) + b
    means = torch.einsum("kij,kj->ki", spread, pull)
    gain = 0.5 * ((pull * means).sum(1) - torch.einsum("ki,kij,kj->k", mixture.means_, inverse, mixture.means_))
    gain = gain - 0.5 * (torch.logdet(lambdas) + torch.logdet(mixture.covariances_))
    log = torch.log(mixture.weights_) + gain
    total = torch.logsumexp(log, 0)
    return mixture._like(torch.exp(log - total).clamp(min=1e-300), means, spread), float(total)


def posterior(mixture: GaussianMixture, operator: Any, value: Any, noise: Any) -> GaussianMixture:
    """The posterior given ``value = operator @ x + N(0, noise)``."""
    d = mixture.shape_[0]
    h = _tensor(operator, (None, d), "operator")
    y, r = _tensor(value, (len(h),), "value"), _tensor(noise, (len(h), len(h)), "noise")
    try:
        factor = torch.linalg.cholesky(r)
    except RuntimeError:
        raise BadInput(
            "noise must be a positive definite covariance; give a small variance for an exact measurement"
        ) from None
    white_h = torch.linalg.solve_triangular(factor, h, upper=False)
    white_y = torch.linalg.solve_triangular(factor, y[:, None], upper=False)[:, 0]
    return quadratic_tilt(mixture, white_h.T @ white_h, white_h.T @ white_y)[0]


def _tensor(value: Any, shape: tuple[int | None, ...], name: str) -> Tensor:
    a = torch.as_tensor(np.asarray(value, dtype=np.float64))
    if a.ndim != len(shape) or any(want is not None and want != got for want, got in zip(shape, a.shape)):
        raise BadInput(f"{name} must have shape {tuple('m' if s is None else s for s in shape)}, got {tuple(a.shape)}")
    if not bool(torch.isfinite(a).all()):
        raise BadInput(f"{name} has a value that is not finite")
    return a
