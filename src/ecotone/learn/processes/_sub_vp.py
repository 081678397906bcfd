"""The sub-variance-preserving diffusion."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card

from ._vp import VP

CARD = Card(
    name="SubVP",
    summary="Sub-variance-preserving diffusion: the VP process with less noise at every time.",
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
class SubVP(VP):
    r"""Sub-VP diffusion: the signal of :class:`VP`, and :math:`\sigma_t = 1 - e^{-B_t}` (not its root).

    Parameters
    ----------
    beta_min, beta_max, t_min : float
        As of :class:`VP`.

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456

    Examples
    --------
    >>> import torch
    >>> t = torch.tensor(0.3, dtype=torch.float64)
    >>> bool(SubVP().sigma(t) < VP().sigma(t)), bool(SubVP().alpha(t) == VP().alpha(t))
    (True, True)
    """

    def sigma(self, t: Tensor) -> Tensor:
        return -torch.expm1(-self._integral(t))

    def sigma_rate(self, t: Tensor) -> Tensor:
        return self._rate(t) * torch.exp(-self._integral(t))

    def time(self, ratio: Tensor) -> Tensor:
        # ratio = (1 - a^2) / a with a = alpha, so 1/a - a = ratio and B = -2 log a = 2 arsinh(ratio / 2)
        integral = 2 * torch.asinh(ratio / 2)
        return super().time(torch.sqrt(torch.expm1(integral)))
