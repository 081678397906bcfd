r"""Processes :math:`x_t = \alpha_t x_0 + \sigma_t z` whose ``z`` may follow any distribution, and what they share."""

from __future__ import annotations

import math
from abc import abstractmethod
from itertools import pairwise

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Condition, Denoiser, Prediction, Process, RowRandom
from ecotone.learn.arrays import row_like


class Interpolation(Process):
    r"""Straight mixing of the data with a base: :math:`x_t = \alpha_t x_0 + \sigma_t z`.

    A subclass gives :math:`\alpha, \sigma`, their derivatives in t, the inverse of the noise-to-signal ratio
    :math:`\sigma_t / \alpha_t`, which rises with t, and the distribution of the base :math:`z`. With
    :math:`\hat x_0 = E[x_0 | x_t]`,

    .. math:: \hat z = \frac{x_t - \alpha_t \hat x_0}{\sigma_t}, \qquad
              v = \dot\alpha_t \hat x_0 + \dot\sigma_t \hat z = E[\dot x_t | x_t]

    are the mean of the base and the velocity of the flow that has the distribution of :math:`x_t` at every time.
    Whether there is a score in closed form depends on the base: a :class:`GaussianProcess` has one.
    """

    @abstractmethod
    def alpha(self, t: Tensor) -> Tensor:
        """The signal's scale at ``t``, as all functions of time here for a float64 tensor of any shape."""

    @abstractmethod
    def sigma(self, t: Tensor) -> Tensor:
        """The noise's scale."""

    @abstractmethod
    def alpha_rate(self, t: Tensor) -> Tensor:
        """Derivative of ``alpha``."""

    @abstractmethod
    def sigma_rate(self, t: Tensor) -> Tensor:
        """Derivative of ``sigma``."""

    @abstractmethod
    def time(self, ratio: Tensor) -> Tensor:
        """The t at which ``sigma / alpha`` is ``ratio``."""

    @abstractmethod
    def base(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        """Draw ``z``: ``(rows of rng, *shape)``."""

    def conditioned(self, given: Tensor | None) -> Interpolation:
        return self

    def standardised(self, centre: Tensor, scale: Tensor) -> Interpolation:
        """The process of rows on another scale, ``(x - centre) / scale``: itself, unless its base has a unit."""
        return self

    def condition(self, learned: Condition | None, given: object, centre: Tensor, scale: Tensor) -> Condition | None:
        """How ``given`` is encoded, for rows on that scale: as it was ``learned``, unless the base is made of it."""
        return learned

    def flow(
        self, denoiser: Denoiser, x: Tensor, start: float, end: float, *, steps: int = 128, given: Tensor | None = None
    ) -> Tensor:
        """Rows at time ``start`` carried to time ``end`` by Euler's method on the flow, either way."""
        process = self.conditioned(given)
        times = torch.linspace(start, end, steps + 1, dtype=torch.float64, device=x.device)
        for t, t_next in pairwise(times):
            x = x + (t_next - t) * process.velocity(denoiser(x, t, given), x, t)
        return x

    def log_base(self, z: Tensor) -> Tensor:
        """(n,) log-density of the base at ``z``; raises ``BadInput`` where it has none."""
        raise BadInput(f"the base of {type(self).__name__} has no density, so the flow gives no likelihood")

    def ratio(self, t: Tensor) -> Tensor:
        """``sigma / alpha``: the noise-to-signal ratio."""
        return self.sigma(t) / self.alpha(t)

    def coefficients(self, t: Tensor | float, x: Tensor) -> tuple[Tensor, Tensor]:
        """``alpha`` and ``sigma`` in the shape of rows of ``x``; computed in float64."""
        at = torch.as_tensor(t, dtype=torch.float64, device=x.device)
        return row_like(self.alpha(at), x), row_like(self.sigma(at), x)

    def rates(self, t: Tensor | float, x: Tensor) -> tuple[Tensor, Tensor]:
        """Derivatives of ``alpha`` and ``sigma`` in the shape of rows of ``x``."""
        at = torch.as_tensor(t, dtype=torch.float64, device=x.device)
        return row_like(self.alpha_rate(at), x), row_like(self.sigma_rate(at), x)

    def perturb(self, x0: Tensor, t: Tensor | float, rng: RowRandom) -> Tensor:
        alpha, sigma = self.coefficients(t, x0)
        return alpha * x0 + sigma * self.base(rng, tuple(x0.shape[1:])).to(x0)

    def prior(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        z = self.base(rng, shape)
        return self.coefficients(self.t_max, z)[1] * z

    def log_prior(self, x: Tensor) -> Tensor:
        """(n,) log-density of the prior at ``x``."""
        sigma = self.coefficients(self.t_max, x)[1]
        return self.log_base(x / sigma) - math.prod(x.shape[1:]) * torch.log(sigma)

    def step(
        self,
        prediction: Prediction,
        x_t: Tensor,
        t: Tensor | float,
        t_next: Tensor | float,
        rng: RowRandom,
        *,
        eta: float = 0.0,
    ) -> Tensor:
        r""":math:`\alpha_s \hat x_0 + \sigma_s \hat z`: ``x_s`` follows from ``x_t`` and ``x_0``, nothing is drawn."""
        if eta != 0:
            raise BadInput(f"fresh noise needs a Gaussian process; {type(self).__name__} steps with eta=0, got {eta!r}")
        alpha, sigma = self.coefficients(t_next, x_t)
        return alpha * prediction.x0 + sigma * self.noise(prediction, x_t, t)

    def noise(self, prediction: Prediction, x_t: Tensor, t: Tensor | float) -> Tensor:
        """The mean of the noise given ``x_t``; at t = 0, where ``x_t`` does not tell of it, 0."""
        if prediction.noise is not None:
            return prediction.noise
        alpha, sigma = self.coefficients(t, x_t)
        known = (x_t - alpha * prediction.x0) / sigma.clamp(min=torch.finfo(x_t.dtype).tiny)
        return torch.where(sigma > 0, known, torch.zeros_like(known))

    def velocity(self, prediction: Prediction, x_t: Tensor, t: Tensor | float) -> Tensor:
        """dx/dt of the flow: the mean of the rate of ``x_t``."""
        da, ds = self.rates(t, x_t)
        return da * prediction.x0 + ds * self.noise(prediction, x_t, t)

    def from_noise(self, noise: Tensor, x_t: Tensor, t: Tensor | float) -> Prediction:
        """The prediction of which this is the noise; none where there is no signal left."""
        alpha, sigma = self.coefficients(t, x_t)
        return Prediction((x_t - sigma * noise) / alpha)

    def from_velocity(self, velocity: Tensor, x_t: Tensor, t: Tensor | float) -> Prediction:
        """The prediction of which this is the velocity."""
        (alpha, sigma), (da, ds) = self.coefficients(t, x_t), self.rates(t, x_t)
        turn = alpha * ds - sigma * da
        return Prediction((ds * x_t - sigma * velocity) / turn, (alpha * velocity - da * x_t) / turn)


class LinearInterpolation(Interpolation):
    r""":math:`x_t = (1 - t) x_0 + t z` on [0, 1]."""

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - t

    def sigma(self, t: Tensor) -> Tensor:
        return t

    def alpha_rate(self, t: Tensor) -> Tensor:
        return -torch.ones_like(t)

    def sigma_rate(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def time(self, ratio: Tensor) -> Tensor:
        return 1 / (1 + 1 / ratio)  # right at 0 and at infinity
