"""Masked diffusion of rows of tokens that learns when each token is hidden."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.cards import Card
from ecotone.learn import Implicit, Prediction, Schedule
from ecotone.learn.denoisers import TokenDenoiser
from ecotone.learn.networks import Network, TokenTransformer
from ecotone.learn.objectives import GeneralizedMaskedNELBO, TokenLoss
from ecotone.learn.processes import GeneralizedMaskedDiffusion
from ecotone.learn.samplers import TokenAncestral
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import Training

from ._token_diffusion import TokenDiffusion

CARD = Card(
    name="GeneralizedMaskedTokens",
    summary="Masked diffusion of rows of tokens that learns for each token when it is hidden: samples and a bound.",
    contract="Implicit",
    title="Simplified and Generalized Masked Diffusion for Discrete Data",
    authors=("Shi, Jiaxin", "Han, Kehang", "Wang, Zhe", "Doucet, Arnaud", "Titsias, Michalis K."),
    year=2024,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2406.04329",
)


class GeneralizedMaskedTokens(TokenDiffusion, Implicit):
    r"""Rows of tokens by a network that predicts hidden tokens, and powers of time :math:`w` that it learns beside.

    :math:`w = \mathrm{softplus}(\theta)` starts at 1 for every token. Sampled along 100 even steps; :meth:`bound` is a
    lower bound on the log-likelihood of the sampler in many steps. The network is told the time.

    Parameters
    ----------
    network : Network
        Of tokens, told the time.
    process : GeneralizedMaskedDiffusion
        Its ``levels`` and ``powers`` are set when fitted.
    objective : TokenLoss
    levels : int, optional
        Tokens are ``0..levels - 1``; by default one more than the largest seen.
    training : Training

    Attributes
    ----------
    levels_ : int
    process_ : GeneralizedMaskedDiffusion
        With the powers learned.
    denoiser_ : nn.Module
    history_ : list

    References
    ----------
    Shi, Han, Wang, Doucet and Titsias (2024), https://arxiv.org/abs/2406.04329, section 6

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import GeneralizedMaskedTokens, Training, networks
    >>> x = np.random.default_rng(0).integers(0, 3, (200, 4))
    >>> network = networks.TokenTransformer(width=16, depth=1, heads=2, time=True)
    >>> model = GeneralizedMaskedTokens(network, training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(2, seed=0).shape, model.bound(x[:5]).shape, len(model.process_.powers)
    ((2, 4), (5,), 3)
    """

    def __init__(
        self,
        network: Network = TokenTransformer(time=True),
        *,
        process: GeneralizedMaskedDiffusion = GeneralizedMaskedDiffusion(),
        objective: TokenLoss = GeneralizedMaskedNELBO(),
        levels: int | None = None,
        training: Training = Training(),
    ) -> None:
        self.network, self.process, self.objective = network, process, objective
        self.levels, self.training = levels, training

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> GeneralizedMaskedTokens:
        """As :meth:`MaskedTokens.fit`."""
        super().fit(X, y, given=given, sample_weight=sample_weight)
        self._freeze()
        return self

    def _build(self, length: int) -> None:
        super()._build(length)
        self.denoiser_: Any = _WithPowers(self.denoiser_, self.levels_)

    def _freeze(self) -> None:
        powers = tuple(float(w) for w in self.denoiser_.powers().detach().double())
        self.process_ = dataclasses.replace(self.process_, powers=powers)
        self.denoiser_.process = self.process_

    def _default_sampler(self) -> Any:
        return TokenAncestral()

    def _default_schedule(self) -> Schedule:
        return Uniform(100)

    def _bound_loss(self) -> TokenLoss:
        return GeneralizedMaskedNELBO()

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self._freeze()


class _WithPowers(nn.Module):
    """A denoiser of tokens and the logarithms, before softplus, of its process's powers."""

    def __init__(self, denoiser: TokenDenoiser, levels: int) -> None:
        super().__init__()
        self.denoiser, self.process, self.shape = denoiser, denoiser.process, denoiser.shape
        self.theta = nn.Parameter(torch.full((levels,), math.log(math.e - 1)))

    def powers(self) -> Tensor:
        """(levels,) positive."""
        return nn.functional.softplus(self.theta)

    def forward(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        found: Prediction = self.denoiser(x_t, t, given)
        return found
