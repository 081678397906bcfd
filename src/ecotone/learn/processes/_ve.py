"""The variance-exploding diffusion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card

from ._gaussian_process import GaussianProcess

CARD = Card(
    name="VE",
    summary="Variance-exploding diffusion with geometrically rising noise.",
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
class VE(GaussianProcess):
    r"""Variance-exploding diffusion on [0, 1]: :math:`\alpha = 1`, noise rising geometrically.

    .. math:: \sigma_t^2 = \sigma_{\min}^2\left[(\sigma_{\max}/\sigma_{\min})^{2t} - 1\right]

    the exact transition kernel of the SDE from t = 0; the reference's code leaves the -1 out.

    Parameters
    ----------
    sigma_min, sigma_max : float
        In the unit of the data.
    t_min : float
        Where sampling ends: the velocity is singular at 0.

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456

    Examples
    --------
    >>> import torch
    >>> process = VE(sigma_min=0.01, sigma_max=50.0)
    >>> round(float(process.sigma(torch.tensor(1.0, dtype=torch.float64))), 4)
    50.0
    """

    sigma_min: float = 0.01
    sigma_max: float = 50.0
    t_min: float = 1e-5

    @property
    def _log_rate(self) -> float:
        return 2 * math.log(self.sigma_max / self.sigma_min)

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return self.sigma_min * torch.sqrt(torch.expm1(self._log_rate * t))

    def alpha_rate(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def sigma_rate(self, t: Tensor) -> Tensor:
        return 0.5 * self.sigma_min**2 * self._log_rate * torch.exp(self._log_rate * t) / self.sigma(t)

    def time(self, ratio: Tensor) -> Tensor:
        return torch.log1p((ratio / self.sigma_min) ** 2) / self._log_rate
