"""Masked diffusion of rows of tokens."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import Distribution, Schedule
from ecotone.learn.arrays import token_rows
from ecotone.learn.networks import Network, TokenTransformer
from ecotone.learn.objectives import DenoisingCrossEntropy, TokenLoss
from ecotone.learn.processes import MaskedDiffusion, MaskingProcess
from ecotone.learn.samplers import InOrder
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import Training

from ._token_diffusion import TokenDiffusion

CARD = Card(
    name="MaskedTokens",
    summary="Masked diffusion of rows of tokens: samples in any order, a bound, and an exact likelihood in one order.",
    contract="Distribution",
    title="Simplified and Generalized Masked Diffusion for Discrete Data",
    authors=("Shi, Jiaxin", "Han, Kehang", "Wang, Zhe", "Doucet, Arnaud", "Titsias, Michalis K."),
    year=2024,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2406.04329",
)


class MaskedTokens(TokenDiffusion, Distribution):
    r"""Rows of tokens by a network that predicts hidden tokens from the visible ones.

    The distribution of this distribution is that of uncovering the tokens one after another in ``order``: what
    ``sample`` draws by default, and whose log-probability, with respect to counting measure, is exact and normalised:

    .. math:: \log p(x) = \sum_k \log c\bigl(x_{\pi_k} \mid x_{\pi_1}, \dots, x_{\pi_{k-1}}\bigr).

    Both take one evaluation a token. The same network gives other distributions by other samplers, such as
    :class:`TokenAncestral` along a schedule or :func:`first_hitting_sampler`; all agree as far as the network's
    conditionals do. :meth:`bound` is a lower bound on the log-likelihood in the limit of many ancestral steps: the
    mean over all orders of the log-likelihood in that order.

    Parameters
    ----------
    network : Network
        Of tokens, without time.
    process : MaskingProcess
        Its ``levels`` are set when fitted.
    objective : TokenLoss
    order : tuple of int, optional
        Places in the order of ``sample`` and ``log_prob``; by default from left to right.
    levels : int, optional
        Tokens are ``0..levels - 1``; by default one more than the largest seen.
    training : Training

    Attributes
    ----------
    levels_ : int
    process_ : MaskingProcess
    denoiser_ : TokenDenoiser
    history_ : list

    References
    ----------
    Shi, Han, Wang, Doucet and Titsias (2024), https://arxiv.org/abs/2406.04329; Ou, Nie, Xue, Zhu, Sun, Li and Li
    (2025), https://arxiv.org/abs/2406.03736; Uria, Murray and Larochelle (2014), https://arxiv.org/abs/1310.1757

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import MaskedTokens, Training, networks
    >>> x = np.random.default_rng(0).integers(0, 3, (200, 4))
    >>> network = networks.TokenTransformer(width=16, depth=1, heads=2)
    >>> model = MaskedTokens(network, training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(2, seed=0).shape, model.log_prob(x[:5]).shape, model.bound(x[:5]).shape
    ((2, 4), (5,), (5,))
    """

    def __init__(
        self,
        network: Network = TokenTransformer(),
        *,
        process: MaskingProcess = MaskedDiffusion(),
        objective: TokenLoss = DenoisingCrossEntropy(),
        order: tuple[int, ...] | None = None,
        levels: int | None = None,
        training: Training = Training(),
    ) -> None:
        self.network, self.process, self.objective = network, process, objective
        self.order, self.levels, self.training = order, levels, training

    def _default_sampler(self) -> Any:
        return InOrder(self.order)

    def _default_schedule(self) -> Schedule:
        return Uniform(100)

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        tokens = token_rows(x, "x", levels=self.levels_, length=self.shape_[0]).to(self._device())
        order, parts = InOrder(self.order), []
        with torch.no_grad():  # tokens have no gradient, and one graph over all places would fill the memory
            for start in range(0, len(tokens), 1024):
                condition = None if given is None else given[start : start + 1024]
                parts.append(
                    order.log_prob(self.denoiser_, self.process_, tokens[start : start + 1024], given=condition)
                )
        return torch.cat(parts)

    def _bound_loss(self) -> TokenLoss:
        return DenoisingCrossEntropy("count")
