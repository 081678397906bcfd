"""Noise levels whose roots are evenly spaced."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn.processes import GaussianProcess

CARD = Card(
    name="Karras",
    summary="Noise-to-signal ratios whose rho-th roots are evenly spaced, then 0.",
    contract="Schedule",
    title="Elucidating the Design Space of Diffusion-Based Generative Models",
    authors=("Karras, Tero", "Aittala, Miika", "Aila, Timo", "Laine, Samuli"),
    year=2022,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2206.00364",
)


@dataclass(frozen=True)
class Karras:
    r"""Times at the noise-to-signal ratios

    .. math:: r_i = \left(r_{\max}^{1/\rho} + \tfrac{i}{N-1}(r_{\min}^{1/\rho} - r_{\max}^{1/\rho})\right)^\rho,
              \quad i < N, \qquad r_N = 0.

    Parameters
    ----------
    steps : int
        N, at least 2.
    rho : float
        ``math.inf`` spaces the logarithms evenly, which suits :class:`~ecotone.learn.samplers.DPMSolver`.
    ratio_min, ratio_max : float, optional
        By default those of the process at ``t_min`` and ``t_max``.

    Raises
    ------
    BadInput
        On call, for a process whose ratio is infinite at ``t_max`` without ``ratio_max``.

    References
    ----------
    Karras, Aittala, Aila and Laine (2022), https://arxiv.org/abs/2206.00364, equation 5

    Examples
    --------
    >>> from ecotone.learn.processes import EDMProcess
    >>> [round(float(t), 3) for t in Karras(4)(EDMProcess())]
    [80.0, 9.723, 0.47, 0.002, 0.0]
    """

    steps: int = 18
    rho: float = 7.0
    ratio_min: float | None = None
    ratio_max: float | None = None

    def __call__(self, process: GaussianProcess) -> Tensor:
        if self.steps < 2 or self.rho <= 0:
            raise BadInput(f"Karras needs steps >= 2 and rho > 0, got {self.steps!r} and {self.rho!r}")
        ends = torch.tensor([process.t_max, process.t_min], dtype=torch.float64)
        high, low = (float(r) for r in process.ratio(ends))
        high, low = self.ratio_max or high, self.ratio_min or low
        if not (math.isfinite(high) and 0 < low < high):
            raise BadInput(
                f"Karras needs noise-to-signal ratios 0 < ratio_min < ratio_max < inf, got {low!r} and {high!r} from "
                f"{type(process).__name__}; give ratio_min and ratio_max, or use Uniform"
            )
        if math.isinf(self.rho):
            ratio = torch.exp(torch.linspace(math.log(high), math.log(low), self.steps, dtype=torch.float64))
        else:
            root = torch.linspace(high ** (1 / self.rho), low ** (1 / self.rho), self.steps, dtype=torch.float64)
            ratio = root**self.rho
        times = process.time(ratio)
        return torch.cat([times, torch.zeros(1, dtype=torch.float64)])
