"""Finished rows of tokens improved by the model that made them."""

from __future__ import annotations

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Denoiser, RowRandom
from ecotone.learn.processes._token_process import draw


def self_correction(
    denoiser: Denoiser,
    x: Tensor,
    *,
    given: Tensor | None = None,
    t: float = 0.01,
    temperature: float = 0.1,
    steps: int = 128,
    patience: int = 32,
    seed: int | None = None,
) -> Tensor:
    r"""Replace tokens one by one by what the denoiser at a small time holds for more likely.

    Each step draws a token for every place from the prediction to the power 1/``temperature`` and commits the one
    among those that differ from the row whose probability is largest. A row is finished when nothing differs, or when
    the share of places at which it has the most likely token has not risen for ``patience`` steps.

    For processes with uniform noise (:class:`InterpolatingDiscreteDiffusion`), whose denoiser has learned that a
    visible token may be wrong. It sharpens the distribution of the samples towards its modes: the likelihood of a row
    rises, and the variety of rows may fall.

    Parameters
    ----------
    denoiser : Denoiser
    x : (n, length) int64 Tensor
        Rows without masks.
    given : Tensor, optional
    t : float
        The time that the denoiser is told.
    temperature : float
    steps : int
        At most so many tokens of a row are replaced.
    patience : int
    seed : int, optional

    Returns
    -------
    (n, length) int64 Tensor

    Raises
    ------
    BadInput
        For a ``temperature`` that is not positive.

    References
    ----------
    von Rütte, Fluri, Ding, Orvieto, Schölkopf and Hofmann (2025), https://arxiv.org/abs/2503.04482, section 4

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import TokenTable
    >>> from ecotone.learn.processes import InterpolatingDiscreteDiffusion
    >>> likely = torch.full((2, 2, 2), 0.01)
    >>> likely[0, 0, 0] = likely[1, 1, 1] = 1.0
    >>> denoiser = TokenTable.of(likely).denoiser(InterpolatingDiscreteDiffusion(2))
    >>> self_correction(denoiser, torch.tensor([[0, 1, 0], [1, 1, 1]]), seed=0).tolist()
    [[0, 0, 0], [1, 1, 1]]
    """
    if not temperature > 0:
        raise BadInput(f"temperature must be positive, got {temperature!r}")
    x, rng = x.clone(), RowRandom(seed, len(x), device=x.device)
    best, stale = torch.full((len(x),), -1.0, device=x.device), torch.zeros(len(x), device=x.device)
    active = torch.arange(len(x), device=x.device)
    for step in range(steps):
        if not len(active):
            break
        row = rng.take(active)
        row.calls = step
        log = torch.log(denoiser(x[active], t, None if given is None else given[active]).x0.double().clamp(min=1e-300))
        sharp = torch.softmax(log / temperature, dim=-1)
        new = draw(sharp, row)
        agreement = (log.argmax(-1) == x[active]).double().mean(1)
        rose = agreement > best[active]
        best[active] = torch.where(rose, agreement, best[active].double()).to(best)
        stale[active] = torch.where(rose, 0.0, stale[active] + 1)
        sure = torch.where(new != x[active], torch.gather(sharp, -1, new[..., None])[..., 0], -1.0)
        value, place = sure.max(1)
        go = (value >= 0) & (stale[active] <= patience)
        x[active[go], place[go]] = new[torch.arange(len(active), device=x.device), place][go]
        active = active[go]
    return x
