"""Predictor and corrector."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import RowRandom
from ecotone.learn.processes import GaussianProcess

from ._ancestral import Ancestral
from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="PredictorCorrector",
    summary="Langevin steps at each noise level before another sampler's step to the next.",
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
class PredictorCorrector(Sampler):
    r"""``corrections`` Langevin steps at time t, then ``predictor``'s step from t to s.

    .. math:: x \leftarrow x + \epsilon \nabla\log p_t(x) + \sqrt{2\epsilon}\,z, \qquad
              \epsilon = 2 (\alpha_t/\alpha_s)^2 (\text{snr}\,\sigma_t)^2

    the reference's annealed Langevin step. Its other step size divides the norm of z by that of the score, averaged
    over the batch, which would make a row depend on those beside it. Evaluations a step: those of the predictor and
    ``corrections``.

    Parameters
    ----------
    predictor : Sampler
        :class:`Ancestral`, or with ``variance="forward"`` the paper's reverse diffusion (under ``VE``).
    snr : float
        Length of the step along the score in units of :math:`\sigma_t`, squared and doubled.
    corrections : int

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456, section 4.2 and
    appendix G

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VE
    >>> from ecotone.learn.schedules import Uniform
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), VE()
    >>> PredictorCorrector().sample(exact.denoiser(process), process, 5, Uniform(50), seed=0).shape
    torch.Size([5, 2])
    """

    predictor: Sampler = field(default_factory=Ancestral)
    snr: float = 0.16
    corrections: int = 1

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
        (a_t, s_t), (a_s, _) = process.coefficients(t, x), process.coefficients(t_next, x)
        size = 2 * (a_t / a_s) ** 2 * (self.snr * s_t) ** 2
        for _ in range(self.corrections):
            score = process.score(denoise(x, t), x, t)
            x = x + size * score + torch.sqrt(2 * size) * rng.normal(tuple(x.shape[1:])).to(x)
        return self.predictor.step(denoise, process, x, t, t_next, rng, memory)
