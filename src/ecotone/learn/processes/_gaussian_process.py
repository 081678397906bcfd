r"""Processes :math:`x_t = \alpha_t x_0 + \sigma_t z` with normal noise, and the conversions that they share."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ecotone.learn import Prediction, RowRandom

from ._interpolation import Interpolation


class GaussianProcess(Interpolation):
    r"""Noise that is normal given the data: :math:`x_t = \alpha_t x_0 + \sigma_t z,\ z \sim N(0, I)`.

    A subclass gives :math:`\alpha, \sigma`, their derivatives in t, and the inverse of the noise-to-signal ratio
    :math:`\sigma_t / \alpha_t`, which rises with t. With :math:`\hat x_0 = E[x_0 | x_t]`,

    .. math:: \hat z = \frac{x_t - \alpha_t \hat x_0}{\sigma_t}, \qquad
              \nabla \log p_t = -\frac{\hat z}{\sigma_t}, \qquad
              v = \dot\alpha_t \hat x_0 + \dot\sigma_t \hat z

    are the noise, the score and the velocity of the probability-flow ODE.
    """

    def base(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        return rng.normal(shape)

    def log_base(self, z: Tensor) -> Tensor:
        flat = z.flatten(1)
        return -0.5 * (flat**2).sum(1) - 0.5 * flat.shape[1] * math.log(2 * math.pi)

    def step(
        self,
        prediction: Prediction,
        x_t: Tensor,
        t: Tensor | float,
        t_next: Tensor | float,
        rng: RowRandom,
        *,
        eta: float = 1.0,
    ) -> Tensor:
        r"""Draw from :math:`q(x_s | x_t, x_0 = \hat x_0)`, its standard deviation times ``eta`` (0: deterministic).

        .. math:: \mathrm{sd} = \eta \frac{\sigma_s}{\sigma_t}\sqrt{\sigma_t^2 - (\alpha_t/\alpha_s)^2\sigma_s^2},
                  \qquad x_s = \alpha_s \hat x_0 + \sqrt{\sigma_s^2 - \mathrm{sd}^2}\,\hat z + \mathrm{sd}\,z
        """
        (a_t, s_t), (a_s, s_s) = self.coefficients(t, x_t), self.coefficients(t_next, x_t)
        sd = eta * s_s / s_t * torch.sqrt(torch.clamp(s_t**2 - (a_t / a_s) ** 2 * s_s**2, min=0))
        mean = a_s * prediction.x0 + torch.sqrt(torch.clamp(s_s**2 - sd**2, min=0)) * self.noise(prediction, x_t, t)
        return mean if eta == 0 else mean + sd * rng.normal(tuple(x_t.shape[1:])).to(x_t)

    def score(self, prediction: Prediction, x_t: Tensor, t: Tensor | float) -> Tensor:
        """The gradient of log p_t at ``x_t``, for t > 0."""
        return -self.noise(prediction, x_t, t) / self.coefficients(t, x_t)[1]

    def from_score(self, score: Tensor, x_t: Tensor, t: Tensor | float) -> Prediction:
        """The prediction of which this is the score."""
        alpha, sigma = self.coefficients(t, x_t)
        return Prediction((x_t + sigma**2 * score) / alpha)

    def drift(self, t: Tensor) -> Tensor:
        r"""f of the forward SDE :math:`dx = f x\,dt + g\,dW`."""
        return self.alpha_rate(t) / self.alpha(t)

    def diffusion2(self, t: Tensor) -> Tensor:
        r""":math:`g^2 = 2\sigma\dot\sigma - 2 f \sigma^2` of the forward SDE."""
        sigma = self.sigma(t)
        return 2 * sigma * (self.sigma_rate(t) - self.drift(t) * sigma)
