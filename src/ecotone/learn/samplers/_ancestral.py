"""Ancestral sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn.processes import GaussianProcess

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="Ancestral",
    summary="DDPM's sampler: draws from the reverse kernel with the denoised row in the place of the data.",
    contract="Sampler",
    title="Denoising Diffusion Probabilistic Models",
    authors=("Ho, Jonathan", "Jain, Ajay", "Abbeel, Pieter"),
    year=2020,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2006.11239",
    reads=("denoiser",),
)


@dataclass(frozen=True)
class Ancestral(Sampler):
    r"""Draws from :math:`q(x_s | x_t, x_0 = \hat x_0)`; one evaluation a step, the last step takes its mean.

    With :math:`\beta = \sigma_t^2 - (\alpha_t/\alpha_s)^2\sigma_s^2`, the variance of the forward kernel,

    .. math:: x_s = \alpha_s \hat x_0 + \frac{\alpha_t}{\alpha_s}\frac{\sigma_s^2}{\sigma_t^2}(x_t - \alpha_t \hat x_0)
                    + \varsigma z

    Parameters
    ----------
    variance : {"posterior", "forward"}
        :math:`\varsigma^2`: :math:`\beta\,\sigma_s^2/\sigma_t^2`, right for data that are one point, or
        :math:`\beta`, right for standard normal data (under a process that keeps the variance).

    References
    ----------
    Ho, Jain and Abbeel (2020), https://arxiv.org/abs/2006.11239, algorithm 2 and section 3.2

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VP
    >>> from ecotone.learn.schedules import Uniform
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), VP()
    >>> Ancestral().sample(exact.denoiser(process), process, 5, Uniform(50), seed=0).shape
    torch.Size([5, 2])
    """

    variance: Literal["posterior", "forward"] = "posterior"

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
        if self.variance not in ("posterior", "forward"):
            raise BadInput(f"variance must be posterior or forward, got {self.variance!r}")
        if not isinstance(process, GaussianProcess):
            raise BadInput(f"Ancestral adds normal noise, and that of {type(process).__name__} is not; use Heun")
        (a_t, s_t), (a_s, s_s) = process.coefficients(t, x), process.coefficients(t_next, x)
        x0, shrink = denoise(x, t).x0, s_s**2 / s_t**2
        mean = a_s * x0 + a_t / a_s * shrink * (x - a_t * x0)
        if float(t_next) <= 0:
            return mean
        beta = torch.clamp(s_t**2 - (a_t / a_s * s_s) ** 2, min=0)
        spread = beta * shrink if self.variance == "posterior" else beta
        return mean + torch.sqrt(spread) * rng.normal(tuple(x.shape[1:])).to(x)
