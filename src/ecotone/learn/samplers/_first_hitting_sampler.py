"""Masked diffusion sampled exactly: one token at each of the times at which one is uncovered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import Denoiser, Hook, Population, RowRandom
from ecotone.learn.processes import MaskingProcess
from ecotone.learn.processes._token_process import draw, uniforms

CARD = Card(
    name="first_hitting_sampler",
    summary="Masked diffusion uncovered token by token at exact random times, with draws in 64 bits.",
    contract="TokenSampler",
    title="Masked Diffusion Models are Secretly Time-Agnostic Masked Models and Exploit Inaccurate Categorical "
    "Sampling",
    authors=("Zheng, Kaiwen", "Chen, Yongxin", "Mao, Hanzi", "Liu, Ming-Yu", "Zhu, Jun", "Zhang, Qinsheng"),
    year=2025,
    venue="ICLR",
    link="https://arxiv.org/abs/2409.02908",
    row=596,
    reads=("denoiser",),
    claim="At as many evaluations as tokens the first-hitting sampler is closer to the exact distribution than "
    "ancestral sampling.",
)


def first_hitting_sampler(
    denoiser: Denoiser,
    process: MaskingProcess,
    n: int | RowRandom,
    schedule: Any = None,
    *,
    given: Tensor | None = None,
    hooks: Sequence[Hook] = (),
    seed: int | None = None,
) -> Tensor:
    r"""Draw rows of a masking process token by token, without error of time steps.

    With k tokens hidden at :math:`\tau`, the next is uncovered at the :math:`\tau'` with

    .. math:: 1 - \alpha_{\tau'} = u^{1/k}\,(1 - \alpha_\tau), \qquad u \sim U(0, 1),

    at a place uniform among the hidden ones, as a token drawn from the prediction, in float64. As many evaluations as
    tokens give the distribution of ancestral sampling in the limit of many steps. Where the denoiser does not see the
    time, this is decoding in a uniformly random order.

    Ancestral sampling with categorical draws from 32-bit uniform numbers cuts off what is rarer than
    :math:`2^{-24}` in a step, which favours likely tokens and lowers the entropy the more steps there are.

    Parameters
    ----------
    denoiser : Denoiser
    process : MaskingProcess
    n : int or RowRandom
        How many rows, or the streams of the rows to draw.
    schedule : ignored
        Accepted so that the function takes the place of a sampler.
    given : Tensor, optional
        Encoded condition of each row.
    hooks : sequence of callables
        Each is shown the :class:`Population` after every token; its ``t`` is the mean of the rows' times.
    seed : int, optional

    Returns
    -------
    (n, *denoiser.shape) int64 Tensor

    References
    ----------
    Zheng, Chen, Mao, Liu, Zhu and Zhang (2025), https://arxiv.org/abs/2409.02908

    Examples
    --------
    >>> from ecotone.learn import TokenTable
    >>> from ecotone.learn.processes import MaskedDiffusion
    >>> exact, process = TokenTable.random(levels=3, length=4, seed=0), MaskedDiffusion(3)
    >>> first_hitting_sampler(exact.denoiser(process), process, 5, seed=0).shape
    torch.Size([5, 4])
    """
    rng = RowRandom(seed, n) if isinstance(n, int) else n
    x = process.prior(rng, denoiser.shape)
    hidden = process.hidden(torch.full((len(x),), process.t_max, dtype=torch.float64, device=x.device))
    length, at = x.shape[1], torch.arange(len(x), device=x.device)
    found = Population(x, torch.zeros(len(x), dtype=torch.float64, device=x.device), process.t_max, 0, length)
    for k in range(length, 0, -1):
        hidden = next_hidden(hidden, k, uniforms(rng, ()))
        t = process.time(1 - hidden)
        place = torch.where(found.x == process.mask, uniforms(rng, (length,)), -1.0).argmax(1)
        probabilities = denoiser(found.x, t, given).x0[at, place]
        x = found.x.clone()
        x[at, place] = draw(probabilities, rng)
        found = Population(x, found.log_weight, float(t.mean()) if len(t) else 0.0, length - k + 1, length)
        for hook in hooks:
            found = hook(found) or found
    return found.x


def next_hidden(hidden: Tensor, k: int, u: Tensor) -> Tensor:
    """``1 - alpha`` at the time at which the first of ``k`` hidden tokens is uncovered: the largest of k uniforms."""
    return hidden * u ** (1 / k)
