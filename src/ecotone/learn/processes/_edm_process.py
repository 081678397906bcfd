"""The process of EDM: time is the noise's standard deviation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card

from ._gaussian_process import GaussianProcess

CARD = Card(
    name="EDMProcess",
    summary="Added noise whose standard deviation is the time itself.",
    contract="Process",
    title="Elucidating the Design Space of Diffusion-Based Generative Models",
    authors=("Karras, Tero", "Aittala, Miika", "Aila, Timo", "Laine, Samuli"),
    year=2022,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2206.00364",
    reads=("rows",),
)


@dataclass(frozen=True)
class EDMProcess(GaussianProcess):
    r""":math:`x_t = x_0 + t z` for t in [0, ``t_max``]: the velocity is :math:`(x_t - \hat x_0)/t`.

    Parameters
    ----------
    t_max : float
        Largest standard deviation, in the unit of the data; far above the data's own.
    t_min : float
        Smallest positive time that schedules visit; from there to 0 is the last step.

    References
    ----------
    Karras, Aittala, Aila and Laine (2022), https://arxiv.org/abs/2206.00364

    Examples
    --------
    >>> import torch
    >>> float(EDMProcess().sigma(torch.tensor(3.0)))
    3.0
    """

    t_max: float = 80.0
    t_min: float = 0.002

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return t

    def alpha_rate(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def sigma_rate(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def time(self, ratio: Tensor) -> Tensor:
        return ratio
