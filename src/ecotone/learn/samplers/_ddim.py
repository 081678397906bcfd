"""Denoising diffusion implicit models."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import Denoiser, RowRandom, Schedule
from ecotone.learn.processes import GaussianProcess

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="DDIM",
    summary="Steps that keep the marginals with as much fresh noise as asked, none by default; it encodes as well.",
    contract="Sampler",
    title="Denoising Diffusion Implicit Models",
    authors=("Song, Jiaming", "Meng, Chenlin", "Ermon, Stefano"),
    year=2021,
    venue="ICLR",
    link="https://arxiv.org/abs/2010.02502",
    row=537,
    reads=("denoiser",),
    claim="At 10, 20 and 50 steps of the exact noise predictor DDIM is closer to the data than ancestral sampling.",
)


@dataclass(frozen=True)
class DDIM(Sampler):
    r"""A step to the denoised row, and out again to the next noise level along the predicted noise.

    .. math:: x_s = \alpha_s \hat x_0 + \sqrt{\sigma_s^2 - \varsigma^2}\,\hat z + \varsigma z, \qquad
              \varsigma = \eta \frac{\sigma_s}{\sigma_t}\sqrt{\sigma_t^2 - (\alpha_t/\alpha_s)^2\sigma_s^2}

    With :math:`\eta = 0` it is Euler's method on the probability-flow ODE
    :math:`d(x/\alpha) = \hat z\,d(\sigma/\alpha)`, order 1; with :math:`\eta = 1` it is :class:`Ancestral`. One
    evaluation a step.

    Parameters
    ----------
    eta : float
        Share of the posterior's standard deviation, between 0 and 1.

    References
    ----------
    Song, Meng and Ermon (2021), https://arxiv.org/abs/2010.02502, equations 12 to 16

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VP
    >>> from ecotone.learn.schedules import Uniform
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), VP()
    >>> denoiser, times = exact.denoiser(process), Uniform(400)
    >>> x = DDIM().sample(denoiser, process, 5, times, seed=0)
    >>> latent = DDIM().encode(denoiser, process, x, times)
    >>> back = DDIM().run(denoiser, process, 5, times, start=latent).x
    >>> bool((back - x).abs().mean() < 0.05)
    True
    """

    eta: float = 0.0

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
        return process.step(denoise(x, t), x, t, t_next, rng, eta=self.eta)

    def encode(
        self,
        denoiser: Denoiser,
        process: GaussianProcess,
        x: Tensor,
        schedule: Schedule,
        *,
        given: Tensor | None = None,
    ) -> Tensor:
        """The latent ``(n, ...)`` at the schedule's first time that leads to rows ``x`` at its last.

        The same step taken upwards, without fresh noise: the inverse of sampling with ``eta=0`` as steps get small.
        """
        for t, t_next in pairwise(schedule(process).flip(0).to(x.device)):
            prediction, (alpha, sigma) = denoiser(x, t, given), process.coefficients(t_next, x)
            x = alpha * prediction.x0 + sigma * process.noise(prediction, x, t)
        return x

    def interpolate(
        self,
        denoiser: Denoiser,
        process: GaussianProcess,
        a: Tensor,
        b: Tensor,
        share: float,
        schedule: Schedule,
        *,
        given: Tensor | None = None,
    ) -> Tensor:
        r"""Rows between ``a`` and ``b``: what their latents' great circle holds at ``share``.

        .. math:: x_T = \frac{\sin((1 - w)\theta)}{\sin\theta} a_T + \frac{\sin(w\theta)}{\sin\theta} b_T, \qquad
                  \theta = \arccos\frac{a_T \cdot b_T}{\lVert a_T\rVert \lVert b_T\rVert}
        """
        first, last = (self.encode(denoiser, process, x, schedule, given=given) for x in (a, b))
        mixed = slerp(first, last, share)
        plain = DDIM(eta=0.0)
        return plain.run(denoiser, process, len(a), schedule, given=given, start=mixed, seed=0).x


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Spherical interpolation of rows; linear where they point the same way."""
    u, v = a.flatten(1), b.flatten(1)
    cosine = (u * v).sum(1) / (u.norm(dim=1) * v.norm(dim=1)).clamp(min=torch.finfo(u.dtype).tiny)
    angle = torch.arccos(cosine.clamp(-1, 1))
    apart = torch.sin(angle) > 1e-6
    safe = torch.where(apart, angle, torch.ones_like(angle))
    weights = [torch.sin(w * safe) / torch.sin(safe) for w in (1 - share, share)]
    first, last = (torch.where(apart, w, w.new_full((), p)) for w, p in zip(weights, (1 - share, share), strict=True))
    return (first[:, None] * u + last[:, None] * v).reshape(a.shape)
