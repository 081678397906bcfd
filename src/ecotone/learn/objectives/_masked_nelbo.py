"""The bound of masked diffusion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom

from ._token_loss import TokenLoss, log_true

CARD = Card(
    name="MaskedNELBO",
    summary="Bound of masked diffusion on the negative log-likelihood: weighted cross-entropy of hidden tokens.",
    contract="TokenLoss",
    title="Simplified and Generalized Masked Diffusion for Discrete Data",
    authors=("Shi, Jiaxin", "Han, Kehang", "Wang, Zhe", "Doucet, Arnaud", "Titsias, Michalis K."),
    year=2024,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2406.04329",
)


@dataclass(frozen=True)
class MaskedNELBO(TokenLoss):
    r"""The negative evidence lower bound of a masking process.

    .. math:: -\log p(x) \le \int_0^1 \frac{-\dot\alpha_t}{1 - \alpha_t}\;
              E\!\!\sum_{i:\, z_i = m}\! -\log\mu_i(x_i | z)\;dt \;+\; l\,(1 - \alpha_0)\log V

    for l tokens of V levels, or with ``steps`` T the bound of the process in T steps, whose weight is
    :math:`T(\alpha_{t - 1/T} - \alpha_t)/(1 - \alpha_t)` at :math:`t \in \{1/T, \dots, 1\}`. The second term is that
    of the process's margin at time 0. With the exact :math:`\mu` and no margin the first is
    :math:`-\log p(x)` itself, for every row and schedule; else it is the mean over all orders of the negative
    log-likelihood of uncovering tokens in that order.

    Parameters
    ----------
    steps : int or None
        T; None is continuous time.
    antithetic : bool
        Times of a batch are evenly spaced from one random offset, which lowers the variance of the mean.

    Raises
    ------
    BadInput
        For ``steps`` below 1.

    References
    ----------
    Shi, Han, Wang, Doucet and Titsias (2024), https://arxiv.org/abs/2406.04329, equations 4 and 5; Kingma, Salimans,
    Poole and Ho (2021), https://arxiv.org/abs/2107.00630 (spaced times)

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Batch, RowRandom
    >>> from ecotone.learn.processes import MaskedDiffusion
    >>> from ecotone.learn.tractable import TokenTable
    >>> exact = TokenTable.random(levels=3, length=4, seed=0)
    >>> x = torch.as_tensor(exact.sample(4000, seed=1))
    >>> loss = MaskedNELBO()(exact.denoiser(MaskedDiffusion(3)), Batch(x, None, None, RowRandom(2, 4000)))
    >>> bool(abs(4 * loss + exact.log_prob(x).mean()) < 0.1)
    True
    """

    steps: int | None = None
    antithetic: bool = True

    def rows(self, denoiser: Any, x0: Tensor, u: Tensor, given: Tensor | None, rng: RowRandom) -> Tensor:
        if self.steps is not None and self.steps < 1:
            raise BadInput(f"steps must be at least 1, or None for continuous time, got {self.steps!r}")
        process = denoiser.process
        t = u if self.steps is None else torch.ceil(u * self.steps) / self.steps
        z = process.perturb(x0, t, rng)
        error = -torch.where(z == process.mask, log_true(denoiser, z, t, given, x0), 0.0).sum(1)
        start = process.hidden(torch.zeros((), dtype=torch.float64, device=x0.device))
        return self._weight(process, t) * error + x0.shape[1] * start * math.log(process.levels)

    def _weight(self, process: Any, t: Tensor) -> Tensor:
        if self.steps is None:
            return torch.as_tensor(process.rate(t))
        rise = process.alpha((t - 1 / self.steps).clamp(min=0)) - process.alpha(t)
        return self.steps * rise / process.hidden(t)
