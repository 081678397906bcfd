"""Euler's method on the probability-flow ODE."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import RowRandom
from ecotone.learn.processes import GaussianProcess

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="Euler",
    summary="Euler's method on the probability-flow ODE.",
    contract="Sampler",
    title="Score-Based Generative Modeling through Stochastic Differential Equations",
    authors=(
        "Song, Yang", "Sohl-Dickstein, Jascha", "Kingma, Diederik P.", "Kumar, Abhishek", "Ermon, Stefano",
        "Poole, Ben",
    ),
    year=2021,
    venue="ICLR",
    link="https://arxiv.org/abs/2011.13456",
    reads=("denoiser",),
)  # fmt: skip


@dataclass(frozen=True)
class Euler(Sampler):
    r"""Euler's method: :math:`x_s = x_t + (s - t)\,v(x_t, t)`, one evaluation a step, order 1.

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import EDMProcess
    >>> from ecotone.learn.schedules import Karras
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), EDMProcess()
    >>> Euler().sample(exact.denoiser(process), process, 5, Karras(20), seed=0).shape
    torch.Size([5, 2])
    """

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
        return x + (t_next - t) * process.velocity(denoise(x, t), x, t)
