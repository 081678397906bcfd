"""The bound of masked diffusion with a schedule for each token, and how the schedules are learned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn.processes._token_process import uniforms

from ._token_loss import TokenLoss

CARD = Card(
    name="GeneralizedMaskedNELBO",
    summary="Bound of masked diffusion with a power of time for each token; the powers learn by REINFORCE.",
    contract="TokenLoss",
    title="Simplified and Generalized Masked Diffusion for Discrete Data",
    authors=("Shi, Jiaxin", "Han, Kehang", "Wang, Zhe", "Doucet, Arnaud", "Titsias, Michalis K."),
    year=2024,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2406.04329",
)


@dataclass(frozen=True)
class GeneralizedMaskedNELBO(TokenLoss):
    r"""The negative evidence lower bound of :class:`GeneralizedMaskedDiffusion`.

    .. math:: -\log p(x) \le \int_{t_1}^1 E\!\sum_{i:\,z_i = m}\frac1t\Bigl[
              -w_{x_i}(\log\mu_{x_i} + 1) + \sum_v w_v\mu_v\Bigr]dt
              + \sum_i t_1^{w_{x_i}} \log\frac{\sum_v t_1^{w_v}}{t_1^{w_{x_i}}}

    Where the denoiser has ``powers()``, a differentiable :math:`w`, what is hidden depends on it too: two draws
    :math:`z^1, z^2` are averaged, and :math:`\tfrac12\,(L^1 - L^2)\,(\log q(z^1) - \log q(z^2))`, its first factor
    held constant and its value left out, gives their gradient (REINFORCE, each draw the other's baseline).

    Parameters
    ----------
    margin : float
        :math:`t_1`.
    antithetic : bool
        Times of a batch are evenly spaced from one random offset.

    Raises
    ------
    BadInput
        For ``margin`` outside (0, 1).

    References
    ----------
    Shi, Han, Wang, Doucet and Titsias (2024), https://arxiv.org/abs/2406.04329, section 6 and appendix G

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Batch, RowRandom
    >>> from ecotone.learn.processes import GeneralizedMaskedDiffusion
    >>> from ecotone.learn.tractable import TokenTable
    >>> exact = TokenTable.random(levels=3, length=4, seed=0)
    >>> process = GeneralizedMaskedDiffusion(3, (0.5, 1.0, 2.0))
    >>> x, denoiser = torch.as_tensor(exact.sample(4000, seed=1)), exact.denoiser(process)
    >>> loss = GeneralizedMaskedNELBO()(denoiser, Batch(x, None, None, RowRandom(2, 4000)))
    >>> bool(abs(4 * loss + exact.log_prob(x).mean()) < 0.15)
    True
    """

    margin: float = 1e-3
    antithetic: bool = True

    def rows(self, denoiser: Any, x0: Tensor, u: Tensor, given: Tensor | None, rng: RowRandom) -> Tensor:
        if not 0 < self.margin < 1:
            raise BadInput(f"margin must be between 0 and 1, got {self.margin!r}")
        process, t = denoiser.process, self.margin + (1 - self.margin) * u.double()
        learned = hasattr(denoiser, "powers")
        w = denoiser.powers().double() if learned else process.exponents(x0)
        log_hidden = w[x0] * torch.log(t)[:, None]
        found, logs = [], []
        for _ in range(2 if learned else 1):
            hidden = torch.log(uniforms(rng, tuple(x0.shape[1:]))) < log_hidden
            mu = denoiser(torch.where(hidden, process.mask, x0), t, given).x0.double()
            log = torch.log(torch.gather(mu, -1, x0[..., None])[..., 0].clamp(min=1e-300))
            each = (mu @ w - w[x0] * (log + 1)) / t[:, None]
            found.append((1 - self.margin) * torch.where(hidden, each, 0.0).sum(1))
            seen = torch.log(-torch.expm1(log_hidden.clamp(max=-1e-12)))
            logs.append(torch.where(hidden, log_hidden, seen).sum(1))
        start = math.log(self.margin) * w
        rest = (torch.exp(start[x0]) * (torch.logsumexp(start, 0) - start[x0])).sum(1)
        if not learned:
            return found[0] + rest
        score = logs[0] - logs[1]
        return (found[0] + found[1]) / 2 + rest + 0.5 * (found[0] - found[1]).detach() * (score - score.detach())
