"""Sampling by a process's own reverse kernel."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import Process, RowRandom

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="ReverseKernel",
    summary="Draws from the reverse kernel of any process, with the prediction in the place of the data.",
    contract="Sampler",
    title="Deep Unsupervised Learning using Nonequilibrium Thermodynamics",
    authors=("Sohl-Dickstein, Jascha", "Weiss, Eric A.", "Maheswaranathan, Niru", "Ganguli, Surya"),
    year=2015,
    venue="ICML",
    link="https://arxiv.org/abs/1503.03585",
    reads=("denoiser",),
)


@dataclass(frozen=True)
class ReverseKernel(Sampler):
    r"""Draws :math:`x_s \sim q(x_s | x_t, \hat x_0)` by ``process.step``, whatever the process; one evaluation a step.

    It is exact as the steps grow in number where :math:`x_s` given :math:`x_t` depends, to first order, on the
    predicted statistic only: normal noise, and counts that are thickened.

    References
    ----------
    Sohl-Dickstein, Weiss, Maheswaranathan and Ganguli (2015), https://arxiv.org/abs/1503.03585

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VP
    >>> from ecotone.learn.schedules import Uniform
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), VP()
    >>> ReverseKernel().sample(exact.denoiser(process), process, 5, Uniform(50), seed=0).shape
    torch.Size([5, 2])
    """

    def step(
        self,
        denoise: Denoise,
        process: Process,
        x: Tensor,
        t: Tensor,
        t_next: Tensor,
        rng: RowRandom,
        memory: MultistepMemory,
    ) -> Tensor:
        return process.step(denoise(x, t), x, t, t_next, rng)
