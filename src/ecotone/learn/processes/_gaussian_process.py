r"""Processes :math:`x_t = \alpha_t x_0 + \sigma_t z` with normal noise, and the conversions that they share."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from ecotone.learn._contracts import Prediction, Process, row_like
from ecotone.learn._random import RowRandom


class GaussianProcess(Process):
    r"""Noise that is normal given the data: :math:`x_t = \alpha_t x_0 + \sigma_t z,\ z \sim N(0, I)`.

    A subclass gives :math:`\alpha, \sigma`, their derivatives in t, and the inverse of the noise-to-signal ratio
    :math:`\sigma_t / \alpha_t`, which rises with t. With :math:`\hat x_0 = E[x_0 | x_t]`,

    .. math:: \hat z = \frac{x_t - \alpha_t \hat x_0}{\sigma_t}, \qquad
              \nabla \log p_t = -\frac{\hat z}{\sigma_t}, \qquad
              v = \dot\alpha_t \hat x_0 + \dot\sigma_t \hat z

    are the noise, the score and the velocity of the probability-flow ODE.
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
        return alpha * x0 + sigma * rng.normal(tuple(x0.shape[1:])).to(x0)

    def prior(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        z = rng.normal(shape)
        return self.coefficients(self.t_max, z)[1] * z

    def step(
        self,
        prediction: Prediction,
        x_t: Tensor,
        t: Tensor | float,
        s: Tensor | float,
        rng: RowRandom,
        *,
        eta: float = 1.0,
    ) -> Tensor:
        r"""Draw from :math:`q(x_s | x_t, x_0 = \hat x_0)`, its standard deviation times ``eta`` (0: deterministic).

        .. math:: \mathrm{sd} = \eta \frac{\sigma_s}{\sigma_t}\sqrt{\sigma_t^2 - (\alpha_t/\alpha_s)^2\sigma_s^2},
                  \qquad x_s = \alpha_s \hat x_0 + \sqrt{\sigma_s^2 - \mathrm{sd}^2}\,\hat z + \mathrm{sd}\,z
        """
        (a_t, s_t), (a_s, s_s) = self.coefficients(t, x_t), self.coefficients(s, x_t)
        sd = eta * s_s / s_t * torch.sqrt(torch.clamp(s_t**2 - (a_t / a_s) ** 2 * s_s**2, min=0))
        mean = a_s * prediction.x0 + torch.sqrt(torch.clamp(s_s**2 - sd**2, min=0)) * self.noise(prediction, x_t, t)
        return mean if eta == 0 else mean + sd * rng.normal(tuple(x_t.shape[1:])).to(x_t)

    def noise(self, prediction: Prediction, x_t: Tensor, t: Tensor | float) -> Tensor:
        """The mean of the noise given ``x_t``; at t = 0, where ``x_t`` does not tell of it, 0."""
        if prediction.noise is not None:
            return prediction.noise
        alpha, sigma = self.coefficients(t, x_t)
        known = (x_t - alpha * prediction.x0) / sigma.clamp(min=torch.finfo(x_t.dtype).tiny)
        return torch.where(sigma > 0, known, torch.zeros_like(known))

    def score(self, prediction: Prediction, x_t: Tensor, t: Tensor | float) -> Tensor:
        """The gradient of log p_t at ``x_t``, for t > 0."""
        return -self.noise(prediction, x_t, t) / self.coefficients(t, x_t)[1]

    def velocity(self, prediction: Prediction, x_t: Tensor, t: Tensor | float) -> Tensor:
        """dx/dt of the probability-flow ODE."""
        da, ds = self.rates(t, x_t)
        return da * prediction.x0 + ds * self.noise(prediction, x_t, t)

    def from_noise(self, noise: Tensor, x_t: Tensor, t: Tensor | float) -> Prediction:
        """The prediction of which this is the noise."""
        alpha, sigma = self.coefficients(t, x_t)
        return Prediction((x_t - sigma * noise) / alpha)

    def from_score(self, score: Tensor, x_t: Tensor, t: Tensor | float) -> Prediction:
        """The prediction of which this is the score."""
        alpha, sigma = self.coefficients(t, x_t)
        return Prediction((x_t + sigma**2 * score) / alpha)

    def from_velocity(self, velocity: Tensor, x_t: Tensor, t: Tensor | float) -> Prediction:
        """The prediction of which this is the velocity."""
        (alpha, sigma), (da, ds) = self.coefficients(t, x_t), self.rates(t, x_t)
        return Prediction((sigma * velocity - ds * x_t) / (sigma * da - ds * alpha))

    def drift(self, t: Tensor) -> Tensor:
        r"""f of the forward SDE :math:`dx = f x\,dt + g\,dW`."""
        return self.alpha_rate(t) / self.alpha(t)

    def diffusion2(self, t: Tensor) -> Tensor:
        r""":math:`g^2 = 2\sigma\dot\sigma - 2 f \sigma^2` of the forward SDE."""
        sigma = self.sigma(t)
        return 2 * sigma * (self.sigma_rate(t) - self.drift(t) * sigma)

    def log_prior(self, x: Tensor) -> Tensor:
        """(n,) log-density of the prior at ``x``."""
        sigma = self.coefficients(self.t_max, x)[1]
        flat = (x / sigma).flatten(1)
        return -0.5 * (flat**2).sum(1) - flat.shape[1] * (0.5 * math.log(2 * math.pi) + torch.log(sigma))
