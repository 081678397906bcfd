"""The reverse SDE of an interpolant, its diffusion coefficient chosen after training."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    name="InterpolantSDE",
    summary="Euler-Maruyama on the reverse SDE with any diffusion coefficient.",
    contract="Sampler",
    title="SiT: Exploring Flow and Diffusion-based Generative Models with Scalable Interpolant Transformers",
    authors=(
        "Ma, Nanye", "Goldstein, Mark", "Albergo, Michael S.", "Boffi, Nicholas M.", "Vanden-Eijnden, Eric",
        "Xie, Saining",
    ),
    year=2024,
    venue="ECCV",
    link="https://arxiv.org/abs/2401.08740",
    reads=("denoiser",),
)  # fmt: skip

Form = Literal["sigma", "sbdm", "constant", "linear", "decreasing", "bump"]


@dataclass(frozen=True)
class InterpolantSDE(Sampler):
    r"""Euler-Maruyama on :math:`dx = [v(x, t) - D_t \nabla\log p_t(x)]\,dt + \sqrt{2 D_t}\,d\bar W`, t falling.

    Every :math:`D_t \ge 0` gives the same marginals; 0 is the ODE. The noise corrects errors that the velocity has
    made, and costs steps:

    .. math:: x_s = x_t - h\,v + h D_t \nabla\log p_t + \sqrt{2 D_t h}\,z, \qquad h = t - s

    ============ =====================================================================================
    form         :math:`D_t`, times ``norm``
    ============ =====================================================================================
    sigma        :math:`\sigma_t`
    sbdm         :math:`\sigma\dot\sigma - \sigma^2\dot\alpha/\alpha`: half the forward SDE's :math:`g^2`
    constant     1
    linear       t
    decreasing   :math:`\tfrac14(1 - \cos\pi t)^2`: it falls as the data come near
    bump         :math:`\sin^2 \pi t`
    ============ =====================================================================================

    The score is singular at the data: steps from ``last`` on, and the step to 0, are those of the ODE; so are steps
    from where ``"sbdm"`` is infinite.

    Parameters
    ----------
    form : {"sigma", "sbdm", "constant", "linear", "decreasing", "bump"} or callable
        A callable gets t as a float64 tensor.
    norm : float
        At least 0.
    last : float
        A time.

    References
    ----------
    Ma, Goldstein, Albergo, Boffi, Vanden-Eijnden and Xie (2024), https://arxiv.org/abs/2401.08740, section 2.4: its
    w is 2 D, its time runs the other way.

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import StochasticInterpolant
    >>> from ecotone.learn.schedules import Uniform
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), StochasticInterpolant()
    >>> InterpolantSDE("constant").sample(exact.denoiser(process), process, 5, Uniform(50), seed=0).shape
    torch.Size([5, 2])
    """

    form: Form | Callable[[Tensor], Tensor] = "sigma"
    norm: float = 1.0
    last: float = 0.04

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
        if not isinstance(process, GaussianProcess):
            raise BadInput(f"the SDE needs a score, which a {type(process).__name__} has not; use Euler or Heun")
        found, h = denoise(x, t), t - t_next
        mean, z = x - h * process.velocity(found, x, t), rng.normal(tuple(x.shape[1:])).to(x)
        rate = self.coefficient(process, t)
        if float(t_next) <= 0 or float(t) <= self.last or not math.isfinite(float(rate)):
            return mean
        return mean + h * rate * process.score(found, x, t) + torch.sqrt(2 * rate * h) * z

    def coefficient(self, process: GaussianProcess, t: Tensor) -> Tensor:
        """D at ``t``; raises ``BadInput`` for an unknown form or a negative value."""
        if callable(self.form):
            found = torch.as_tensor(self.form(t), dtype=torch.float64)
        elif self.form == "sigma":
            found = process.sigma(t)
        elif self.form == "sbdm":
            found = process.diffusion2(t) / 2
        elif self.form in ("constant", "linear"):
            found = torch.ones_like(t) if self.form == "constant" else t
        elif self.form in ("decreasing", "bump"):
            found = (
                ((1 - torch.cos(math.pi * t)) / 2) ** 2 if self.form == "decreasing" else torch.sin(math.pi * t) ** 2
            )
        else:
            raise BadInput(
                f"form must be a function or sigma, sbdm, constant, linear, decreasing or bump, got {self.form!r}"
            )
        if bool((self.norm * found < 0).any()):
            raise BadInput(
                f"a diffusion coefficient must be at least 0, got {float(self.norm * found):g} at {float(t):g}"
            )
        return self.norm * found
