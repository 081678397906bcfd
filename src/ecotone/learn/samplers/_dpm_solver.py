"""DPM-Solver++, multistep."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn.processes import GaussianProcess

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="DPMSolver",
    summary="DPM-Solver++(2M): an exponential integrator of order two that keeps the denoised row of the step before.",
    contract="Sampler",
    title="DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models",
    authors=("Lu, Cheng", "Zhou, Yuhao", "Bao, Fan", "Chen, Jianfei", "Li, Chongxuan", "Zhu, Jun"),
    year=2022,
    venue="arXiv",
    link="https://arxiv.org/abs/2211.01095",
    reads=("denoiser",),
)


@dataclass(frozen=True)
class DPMSolver(Sampler):
    r"""DPM-Solver++(2M): the linear part of the ODE exactly, :math:`\hat x_0` extrapolated in the log ratio.

    With :math:`\lambda = \ln(\alpha/\sigma)`, :math:`h = \lambda_s - \lambda_t` and :math:`\rho = h_{\text{before}}/h`,

    .. math:: x_s = \frac{\sigma_s}{\sigma_t}x_t + \alpha_s(1 - e^{-h}) D, \qquad
              D = \hat x_0 + \frac{1}{2\rho}(\hat x_0 - \hat x_0^{\text{before}})

    and :math:`D = \hat x_0` at the first step and at a last step to 0. One evaluation a step, order 2.

    Parameters
    ----------
    order : {1, 2}
        1 is :class:`DDIM` without noise.

    References
    ----------
    Lu, Zhou, Bao, Chen, Li and Zhu (2022), https://arxiv.org/abs/2211.01095, algorithm 2

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import EDMProcess
    >>> from ecotone.learn.schedules import Karras
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), EDMProcess()
    >>> DPMSolver().sample(exact.denoiser(process), process, 5, Karras(10), seed=0).shape
    torch.Size([5, 2])
    """

    order: int = 2

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
        if self.order not in (1, 2):
            raise BadInput(f"DPMSolver has order 1 or 2, got {self.order!r}")
        (a_t, s_t), (a_s, s_s) = process.coefficients(t, x), process.coefficients(t_next, x)
        x0 = denoise(x, t).x0
        decay = a_t * s_s / (a_s * s_t)  # e^-h, also where the ratio is infinite at t or 0 at s
        h, d = -torch.log(decay), x0
        if self.order == 2 and memory.past and float(s_s) > 0:
            before, h_before = memory.past[0]
            d = x0 + h / (2 * h_before) * (x0 - before)  # an infinite step before counts for nothing
        memory.past = [(x0, h)]
        return s_s / s_t * x + a_s * (1 - decay) * d
