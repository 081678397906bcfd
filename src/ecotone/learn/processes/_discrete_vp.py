"""The variance-preserving process of models trained at discrete steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._gaussian_process import GaussianProcess

CARD = Card(
    name="DiscreteVP",
    summary="Variance-preserving noise in discrete steps, and in continuous time between them.",
    contract="Process",
    title="Denoising Diffusion Probabilistic Models",
    authors=("Ho, Jonathan", "Jain, Ajay", "Abbeel, Pieter"),
    year=2020,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2006.11239",
    reads=("rows",),
)


@dataclass(frozen=True)
class DiscreteVP(GaussianProcess):
    r"""The process of T steps :math:`x_k = \sqrt{1 - \beta_k} x_{k-1} + \sqrt{\beta_k} z` on [0, 1].

    Step k is at time :math:`k / T`, with :math:`\alpha^2 = \bar\alpha_k = \prod_{i \le k} (1 - \beta_i)` and
    :math:`\sigma^2 = 1 - \bar\alpha_k`; between steps :math:`\log \bar\alpha` is linear, which is the
    variance-preserving diffusion with a constant rate in each step. Models that count steps from 0 call step k the
    timestep k - 1.

    Parameters
    ----------
    steps : int
        T.
    beta_start, beta_end : float
        First and last :math:`\beta`.
    schedule : {"linear", "scaled_linear", "squaredcos_cap_v2"}
        Linear in :math:`\beta`, linear in its root, or of a squared cosine, which has no use for the ends.
    betas : tuple of float, optional
        All :math:`\beta` in place of the above.

    Raises
    ------
    BadInput
        For another schedule, or a :math:`\beta` outside (0, 1).

    References
    ----------
    Ho, Jain and Abbeel (2020), https://arxiv.org/abs/2006.11239; the cosine: Nichol and Dhariwal (2021),
    https://arxiv.org/abs/2102.09672

    Examples
    --------
    >>> process = DiscreteVP()
    >>> round(float(process.alpha(torch.tensor(0.001, dtype=torch.float64)) ** 2), 6)
    0.9999
    """

    steps: int = 1000
    beta_start: float = 1e-4
    beta_end: float = 0.02
    schedule: Literal["linear", "scaled_linear", "squaredcos_cap_v2"] = "linear"
    betas: tuple[float, ...] | None = None
    t_min: float = 1e-5

    def __post_init__(self) -> None:
        betas = self._betas()
        if not len(betas) or not bool(((betas > 0) & (betas < 1)).all()):
            raise BadInput(
                f"every beta must lie in (0, 1); they run from {betas[:1].tolist()} to {betas[-1:].tolist()}"
            )

    def _betas(self) -> Tensor:
        if self.betas is not None:
            return torch.tensor(self.betas, dtype=torch.float64)
        if self.schedule == "linear":
            return torch.linspace(self.beta_start, self.beta_end, self.steps, dtype=torch.float64)
        if self.schedule == "scaled_linear":
            roots = torch.linspace(self.beta_start**0.5, self.beta_end**0.5, self.steps, dtype=torch.float64)
            return roots**2
        if self.schedule == "squaredcos_cap_v2":
            place = (torch.arange(self.steps + 1, dtype=torch.float64) / self.steps + 0.008) / 1.008
            bar = torch.cos(0.5 * math.pi * place) ** 2
            return (1 - bar[1:] / bar[:-1]).clamp(max=0.999)
        raise BadInput(f"schedule must be linear, scaled_linear or squaredcos_cap_v2, got {self.schedule!r}")

    @cached_property
    def _integral(self) -> Tensor:
        """(T + 1,) minus the log of alpha squared after each step, 0 first."""
        return torch.cat([torch.zeros(1, dtype=torch.float64), -torch.log1p(-self._betas()).cumsum(0)])

    def _at(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """The integral at ``t``, and its slope."""
        knots = self._integral.to(t.device)
        place = t * (len(knots) - 1)
        low = place.detach().floor().clamp(0, len(knots) - 2).long()
        slope = knots[low + 1] - knots[low]
        return knots[low] + (place - low) * slope, slope * (len(knots) - 1)

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(-0.5 * self._at(t)[0])

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(-torch.expm1(-self._at(t)[0]))

    def alpha_rate(self, t: Tensor) -> Tensor:
        return -0.5 * self._at(t)[1] * self.alpha(t)

    def sigma_rate(self, t: Tensor) -> Tensor:
        return 0.5 * self._at(t)[1] * self.alpha(t) ** 2 / self.sigma(t)

    def time(self, ratio: Tensor) -> Tensor:
        knots, value = self._integral.to(ratio.device), torch.log1p(ratio**2)
        low = (torch.searchsorted(knots, value.detach(), right=True) - 1).clamp(0, len(knots) - 2)
        return (low + (value - knots[low]) / (knots[low + 1] - knots[low])) / (len(knots) - 1)
