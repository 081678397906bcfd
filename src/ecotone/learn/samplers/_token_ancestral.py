"""Ancestral sampling of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import Denoiser, Hook, Population, Process, RowRandom, Schedule
from ecotone.learn.denoisers import CachedDenoiser
from ecotone.learn.processes import TokenProcess

from ._sampler import Denoise, MultistepMemory, Sampler

CARD = Card(
    name="TokenAncestral",
    summary="The reverse kernel of a process of tokens, step by step, evaluating rows anew only where they changed.",
    contract="TokenSampler",
    title="Structured Denoising Diffusion Models in Discrete State-Spaces",
    authors=(
        "Austin, Jacob", "Johnson, Daniel D.", "Ho, Jonathan", "Tarlow, Daniel", "van den Berg, Rianne",
    ),
    year=2021,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2107.03006",
    reads=("denoiser",),
)  # fmt: skip


@dataclass(frozen=True)
class TokenAncestral(Sampler):
    r"""Ancestral sampling: :math:`x_s \sim q(x_s | x_t, \hat x_0)`, every token by itself, at each step.

    Tokens that change in one step are drawn independently of each other, so that the distribution is that of the model
    only as the steps become many; with one token a step it is exact (:func:`first_hitting_sampler`).

    Parameters
    ----------
    cache : bool
        Whether a row in which a step changed nothing keeps its prediction
        (:class:`ecotone.learn.denoisers.CachedDenoiser`): right for a denoiser that does not see the time.

    References
    ----------
    Austin, Johnson, Ho, Tarlow and van den Berg (2021), https://arxiv.org/abs/2107.03006; Ou, Nie, Xue, Zhu, Sun, Li
    and Li (2025), https://arxiv.org/abs/2406.03736 (the cache)

    Examples
    --------
    >>> from ecotone.learn import TokenTable
    >>> from ecotone.learn.processes import AbsorbingDiffusion
    >>> from ecotone.learn.schedules import Uniform
    >>> exact, process = TokenTable.random(levels=3, length=4, seed=0), AbsorbingDiffusion(3)
    >>> TokenAncestral(cache=True).sample(exact.denoiser(process), process, 5, Uniform(20), seed=0).shape
    torch.Size([5, 4])
    """

    cache: bool = False

    def run(
        self,
        denoiser: Denoiser,
        process: Process,
        n: int | RowRandom,
        schedule: Schedule,
        *,
        given: Tensor | None = None,
        hooks: Sequence[Hook] = (),
        seed: int | None = None,
        start: Tensor | None = None,
    ) -> Population:
        """As :meth:`Sampler.run`."""
        used = CachedDenoiser(denoiser) if self.cache else denoiser
        return super().run(used, process, n, schedule, given=given, hooks=hooks, seed=seed, start=start)

    def step(
        self,
        denoise: Denoise,
        process: TokenProcess,
        x: Tensor,
        t: Tensor,
        t_next: Tensor,
        rng: RowRandom,
        memory: MultistepMemory,
    ) -> Tensor:
        return process.step(denoise(x, t), x, t, t_next, rng)
