"""Diffusion bridge implicit models."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn.arrays import row_like
from ecotone.learn.processes import GaussianProcess

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="DBIM",
    summary="Few-step sampling of a diffusion bridge: from given end points to what they are paired with.",
    contract="Sampler",
    title="Diffusion Bridge Implicit Models",
    authors=("Zheng, Kaiwen", "He, Guande", "Chen, Jianfei", "Bao, Fan", "Zhu, Jun"),
    year=2025,
    venue="ICLR",
    link="https://arxiv.org/abs/2405.15885",
    row=439,
    reads=("denoiser",),
    claim="At equal evaluations, 5 to 20, DBIM is closer to the joint distribution of pairs than DDBM's hybrid Heun "
    "sampler.",
)


@dataclass(frozen=True)
class DBIM(Sampler):
    r"""The process pinned at its end :math:`x_T`, left by steps that keep the marginals.

    Given both ends, :math:`x_t \sim N(a_t x_T + b_t x_0, c_t^2 I)`: with :math:`r = \sigma/\alpha` and
    :math:`q_t = 1 - r_t^2/r_T^2`,

    .. math:: a_t = \frac{\alpha_t}{\alpha_T}\frac{r_t^2}{r_T^2}, \qquad b_t = \alpha_t q_t, \qquad
              c_t = \alpha_t r_t\sqrt{q_t}.

    A step takes :math:`x_s = a_s x_T + b_s\hat x_0 + \sqrt{c_s^2 - w^2}\,(x_t - a_t x_T - b_t\hat x_0)/c_t + w z` with
    :math:`w = \eta\,\alpha_s r_s\sqrt{1 - r_s^2/r_t^2}`; the first has :math:`w = c_s` (the booting noise). Run it
    with ``start`` at the end points and ``given`` telling the denoiser of them; without ``start`` the end points are
    the prior's draws, and an ordinary denoiser serves, since :math:`x_T` adds nothing to :math:`x_t` about
    :math:`x_0` there. One evaluation a step.

    Parameters
    ----------
    eta : float
        0 is deterministic after the booting noise; 1 is the ancestral step, which forgets :math:`x_T`.
    order : {1, 2, 3}
        Above 1 (``eta`` 0 only) :math:`\hat x_0` is extrapolated in :math:`\lambda = \ln(b/c)` from the steps before;
        the first two steps and the last have lower order.

    References
    ----------
    Zheng, He, Chen, Bao and Zhu (2025), https://arxiv.org/abs/2405.15885

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VP
    >>> from ecotone.learn.schedules import Uniform
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), VP()
    >>> DBIM(order=2).sample(exact.denoiser(process), process, 5, Uniform(20), seed=0).shape
    torch.Size([5, 2])
    """

    eta: float = 0.0
    order: int = 1

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
        if self.order not in (1, 2, 3) or not 0 <= self.eta <= 1 or (self.order > 1 and self.eta > 0):
            raise BadInput(f"DBIM needs order 1, 2 or 3 and 0 <= eta <= 1, 0 above order 1, got {self}")
        x0 = denoise(x, t).x0
        a_s, b_s, c_s = bridge(process, t_next, x)
        if memory.start is None:
            memory.start = x
            return a_s * x + b_s * x0 + c_s * rng.normal(tuple(x.shape[1:])).to(x)
        end, (a_t, b_t, c_t) = memory.start, bridge(process, t, x)
        memory.past = [(x0, torch.log(b_t / c_t)), *memory.past][: self.order]
        if len(memory.past) > 1 and float(c_s) > 0:
            reach = _extrapolated(memory.past, torch.log(b_s / c_s))
            return c_s / c_t * x + (a_s - a_t * c_s / c_t) * end + b_s * reach
        w = self._noise(process, t, t_next, x)
        keep = torch.sqrt(torch.clamp(c_s**2 - w**2, min=0)) / c_t
        mean = keep * x + (a_s - keep * a_t) * end + (b_s - keep * b_t) * x0
        return mean + w * rng.normal(tuple(x.shape[1:])).to(x) if self.eta > 0 else mean

    def _noise(self, process: GaussianProcess, t: Tensor, t_next: Tensor, x: Tensor) -> Tensor:
        (alpha, _), r_t, r_s = process.coefficients(t_next, x), process.ratio(t), process.ratio(t_next)
        return self.eta * alpha * row_like(r_s * torch.sqrt(1 - (r_s / r_t) ** 2), x)


def bridge(process: GaussianProcess, t: Tensor, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """a, b and c of the process pinned at ``t_max``, in the shape of rows; also where the ratio is infinite there."""
    end = torch.tensor(process.t_max, dtype=torch.float64, device=like.device)
    alpha, r = process.alpha(t), process.ratio(t)
    q = torch.clamp(1 - (r / process.ratio(end)) ** 2, min=0)
    a = alpha * process.alpha(end) * (r / process.sigma(end)) ** 2
    a, b, c = (torch.where(q > 0, v, v0) for v, v0 in ((a, q + 1), (alpha * q, q), (alpha * r * torch.sqrt(q), q)))
    return row_like(a, like), row_like(b, like), row_like(c, like)


def _extrapolated(past: list[tuple[Tensor, Tensor]], level: Tensor) -> Tensor:
    r"""The mean of :math:`\hat x_0`'s Taylor polynomial over the step, under weights :math:`e^\lambda`."""
    (d0, l0), (d1, l1) = past[:2]
    h, h1 = level - l0, l0 - l1
    slope, curve = (d0 - d1) / h1, torch.zeros_like(d0)
    if len(past) == 3:
        d2, l2 = past[2]
        h2 = l1 - l2
        older = (d1 - d2) / h2
        slope, curve = (slope * (2 * h1 + h2) - older * h1) / (h1 + h2), 2 * (slope - older) / (h1 + h2)
    e = torch.exp(-h)
    return (1 - e) * d0 + (h - 1 + e) * slope + (h**2 / 2 - h + 1 - e) * curve
