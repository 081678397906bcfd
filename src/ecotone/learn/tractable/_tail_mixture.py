"""A mixture of normal distributions given that it lies in a half-space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy import special
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Distribution, Prediction, RowRandom
from ecotone.learn.processes import GaussianProcess

if TYPE_CHECKING:
    from ._gaussian_mixture import GaussianMixture


class TailMixture(Distribution):
    r"""Distribution of :math:`x \sim p` given :math:`a^\top x \ge c`, for a mixture p: the aim of rare-event samplers.

    Parameters
    ----------
    mixture : GaussianMixture
    direction : (d,) array
        a, not zero.
    threshold : float
        c.

    Attributes
    ----------
    log_probability_ : float
        :math:`\log P(a^\top x \ge c)`, accurate far into the tail.

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> normal = GaussianMixture.of([1.0], [[0.0]], [[[1.0]]])
    >>> round(normal.tail([1.0], 6.0).log_probability_, 4)
    -20.7368
    """

    def __init__(self, mixture: GaussianMixture, direction: Any, threshold: float) -> None:
        self.mixture, self.direction, self.threshold = mixture, direction, threshold
        a = torch.as_tensor(np.asarray(direction, dtype=np.float64))
        if a.shape != mixture.shape_ or not bool(torch.isfinite(a).all()) or not bool(a.any()):
            raise BadInput(f"direction must be {mixture.shape_} finite numbers, not all 0, got {a.tolist()}")
        self._a = a
        self._spread = torch.einsum("kij,j->ki", mixture.covariances_, a)
        self._sd = torch.sqrt(self._spread @ a)
        beta = (mixture.means_ @ a - threshold) / self._sd
        self._log = torch.log(mixture.weights_) + _log_ndtr(beta)
        self.log_probability_ = float(torch.logsumexp(self._log, 0))
        if not math.isfinite(self.log_probability_):
            raise BadInput(f"the event has no probability at threshold {threshold!r}; lower it")
        self.shape_ = mixture.shape_

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> TailMixture:
        """Raises ``BadInput``: this distribution is derived from its mixture."""
        raise BadInput("a TailMixture is derived; fit the GaussianMixture and call its tail()")

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        inside = x.double() @ self._a >= self.threshold
        log = self.mixture._log_prob(x, None) - self.log_probability_
        return torch.where(inside, log, torch.full_like(log, -math.inf))

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        k = rng.categorical(self._log.expand(len(rng), -1))
        m = self.mixture
        z = rng.normal(self.shape_) * torch.sqrt(m.eigenvalues_[k])
        x = m.means_[k] + torch.einsum("nde,ne->nd", m.eigenvectors_[k], z)
        beta = (m.means_[k] @ self._a - self.threshold) / self._sd[k]
        # a.x given the event: u uniform in the tail's probability, inverted in logarithms
        log_tail = torch.log(rng.uniform().double()) + _log_ndtr(beta)
        along = m.means_[k] @ self._a - self._sd[k] * torch.as_tensor(special.ndtri_exp(log_tail.numpy()))
        along = along.clamp(min=self.threshold)
        return x + self._spread[k] * ((along - x @ self._a) / self._sd[k] ** 2)[:, None]

    def denoiser(self, process: GaussianProcess) -> TailDenoiser:
        """The exact Denoiser of this distribution under a Gaussian process."""
        return TailDenoiser(self, process)


class TailDenoiser:
    r""":math:`E[x_0 | x_t, a^\top x_0 \ge c]`: each component's posterior, cut at the half-space.

    With posterior :math:`N(\mu, C)`, :math:`s^2 = a^\top C a` and :math:`\beta = (a^\top\mu - c)/s`, the mean moves by
    :math:`(C a / s)\,\varphi(\beta)/\Phi(\beta)` and the share is multiplied by :math:`\Phi(\beta)`.
    """

    def __init__(self, distribution: TailMixture, process: GaussianProcess) -> None:
        self.distribution, self.process, self.shape = distribution, process, distribution.shape_
        self._inner = distribution.mixture.denoiser(process)

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        share, means, variances = self._inner.posterior(x_t, t)
        a, vectors = self.distribution._a, self.distribution.mixture.eigenvectors_
        turned = torch.einsum("d,kde->ke", a, vectors)
        spread = torch.einsum("nke,kde->nkd", variances * turned, vectors)
        s = torch.sqrt((spread @ a).clamp(min=1e-300))
        beta = (means @ a - self.distribution.threshold) / s
        log_cut = _log_ndtr(beta)
        mills = torch.exp(-0.5 * beta**2 - 0.5 * math.log(2 * math.pi) - log_cut)
        kept = torch.softmax(torch.log(share.clamp(min=1e-300)) + log_cut, dim=1)
        moved = means + spread / s[..., None] * mills[..., None]
        return Prediction((kept[..., None] * moved).sum(1).to(x_t))


def _log_ndtr(x: Tensor) -> Tensor:
    return torch.special.log_ndtr(x)
