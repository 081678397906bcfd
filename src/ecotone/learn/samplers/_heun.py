"""Heun's method with EDM's churn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn.processes import GaussianProcess

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="Heun",
    summary="Heun's second-order method on the probability-flow ODE, with optional churn of noise.",
    contract="Sampler",
    title="Elucidating the Design Space of Diffusion-Based Generative Models",
    authors=("Karras, Tero", "Aittala, Miika", "Aila, Timo", "Laine, Samuli"),
    year=2022,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2206.00364",
    reads=("denoiser",),
)


@dataclass(frozen=True)
class Heun(Sampler):
    r"""Heun's method: the velocity averaged over both ends of a step; two evaluations, order 2.

    .. math:: x' = x_t + (s - t) v(x_t, t), \qquad x_s = x_t + (s - t)\tfrac12\left[v(x_t, t) + v(x', s)\right]

    and Euler's step where s = 0. With ``churn`` S, noise is first added so that the noise-to-signal ratio rises by
    the factor :math:`1 + \min(S/N, \sqrt2 - 1)`.

    Parameters
    ----------
    churn : float
        S; 0 is deterministic.
    churn_min, churn_max : float
        Noise-to-signal ratios between which noise is added.
    churn_noise : float
        Standard deviation of that noise, in units of the one that keeps the marginal.

    References
    ----------
    Karras, Aittala, Aila and Laine (2022), https://arxiv.org/abs/2206.00364, algorithms 1 and 2

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import EDMProcess
    >>> from ecotone.learn.schedules import Karras
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), EDMProcess()
    >>> Heun().sample(exact.denoiser(process), process, 5, Karras(10), seed=0).shape
    torch.Size([5, 2])
    """

    churn: float = 0.0
    churn_min: float = 0.0
    churn_max: float = math.inf
    churn_noise: float = 1.0

    def step(
        self,
        denoise: Denoise,
        process: GaussianProcess,
        x: Tensor,
        t: Tensor,
        t_next: Tensor,
        rng: RowRandom,
        memory: MultistepMemory,
    ) -> Tensor:
        if self.churn > 0:
            if not isinstance(process, GaussianProcess):
                raise BadInput(f"churn adds normal noise, which is not that of {type(process).__name__}; set churn=0")
            x, t = self._churned(process, x, t, rng, memory.steps)
        d_cur = process.velocity(denoise(x, t), x, t)
        x_next = x + (t_next - t) * d_cur
        if float(t_next) <= 0:
            return x_next
        d_next = process.velocity(denoise(x_next, t_next), x_next, t_next)
        return x + (t_next - t) * (d_cur + d_next) / 2

    def _churned(
        self, process: GaussianProcess, x: Tensor, t: Tensor, rng: RowRandom, steps: int
    ) -> tuple[Tensor, Tensor]:
        """Rows at a higher time, by noise of the forward process."""
        ratio = process.ratio(t)
        if not (self.churn_min <= float(ratio) <= self.churn_max and math.isfinite(float(ratio))):
            return x, t
        hat = process.time(ratio * (1 + min(self.churn / steps, math.sqrt(2) - 1)))
        (a, sd), (a_hat, sd_hat) = process.coefficients(t, x), process.coefficients(hat, x)
        added = torch.sqrt(torch.clamp(sd_hat**2 - (a_hat / a * sd) ** 2, min=0))
        return a_hat / a * x + self.churn_noise * added * rng.normal(tuple(x.shape[1:])).to(x), hat
