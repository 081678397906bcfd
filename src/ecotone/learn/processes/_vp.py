"""The variance-preserving diffusion."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card

from ._gaussian_process import GaussianProcess

CARD = Card(
    name="VP",
    summary="Variance-preserving diffusion with a linear rate of noise.",
    contract="Process",
    title="Score-Based Generative Modeling through Stochastic Differential Equations",
    authors=(
        "Song, Yang", "Sohl-Dickstein, Jascha", "Kingma, Diederik P.", "Kumar, Abhishek", "Ermon, Stefano",
        "Poole, Ben",
    ),
    year=2021,
    venue="ICLR",
    link="https://arxiv.org/abs/2011.13456",
    reads=("rows",),
)  # fmt: skip


@dataclass(frozen=True)
class VP(GaussianProcess):
    r"""Variance-preserving diffusion :math:`dx = -\tfrac12\beta_t x\,dt + \sqrt{\beta_t}\,dW` on [0, 1].

    With :math:`\beta_t = \beta_{\min} + t(\beta_{\max} - \beta_{\min})` and
    :math:`B_t = \int_0^t \beta`, :math:`\alpha_t = e^{-B_t/2}` and :math:`\sigma_t^2 = 1 - e^{-B_t}`.

    Parameters
    ----------
    beta_min, beta_max : float
        Rate of noise at t = 0 and at t = 1.
    t_min : float
        Where sampling ends: the velocity is singular at 0.

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456

    Examples
    --------
    >>> import torch
    >>> process, t = VP(), torch.tensor(0.5, dtype=torch.float64)
    >>> round(float(process.alpha(t) ** 2 + process.sigma(t) ** 2), 12)
    1.0
    """

    beta_min: float = 0.1
    beta_max: float = 20.0
    t_min: float = 1e-5

    def _integral(self, t: Tensor) -> Tensor:
        return self.beta_min * t + 0.5 * (self.beta_max - self.beta_min) * t**2

    def _rate(self, t: Tensor) -> Tensor:
        return self.beta_min + (self.beta_max - self.beta_min) * t

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(-0.5 * self._integral(t))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(-torch.expm1(-self._integral(t)))

    def alpha_rate(self, t: Tensor) -> Tensor:
        return -0.5 * self._rate(t) * self.alpha(t)

    def sigma_rate(self, t: Tensor) -> Tensor:
        return 0.5 * self._rate(t) * self.alpha(t) ** 2 / self.sigma(t)

    def time(self, ratio: Tensor) -> Tensor:
        integral = torch.log1p(ratio**2)
        if self.beta_max == self.beta_min:
            return integral / self.beta_min
        slope = self.beta_max - self.beta_min
        return 2 * integral / (self.beta_min + torch.sqrt(self.beta_min**2 + 2 * slope * integral))
