"""Interpolating diffusion of rows of tokens."""

from __future__ import annotations

from typing import Any

from ecotone.cards import Card
from ecotone.learn import Implicit, Schedule
from ecotone.learn.arrays import restore, token_rows
from ecotone.learn.networks import Network, TokenTransformer
from ecotone.learn.objectives import InterpolatingNELBO, TokenLoss
from ecotone.learn.processes import InterpolatingDiscreteDiffusion
from ecotone.learn.samplers import TokenAncestral, self_correction
from ecotone.learn.schedules import Chebyshev
from ecotone.learn.training import Training

from ._token_diffusion import TokenDiffusion

CARD = Card(
    name="InterpolatingTokens",
    summary="Diffusion of rows of tokens with masks and uniform noise: samples that can be revised, and a bound.",
    contract="Implicit",
    title="Generalized Interpolating Discrete Diffusion",
    authors=(
        "von Rütte, Dimitri", "Fluri, Janis", "Ding, Yuhui", "Orvieto, Antonio", "Schölkopf, Bernhard",
        "Hofmann, Thomas",
    ),
    year=2025,
    venue="ICML",
    link="https://arxiv.org/abs/2503.04482",
)  # fmt: skip


class InterpolatingTokens(TokenDiffusion, Implicit):
    r"""Rows of tokens by a network that restores hidden and wrong tokens.

    Trained on the bound of :class:`InterpolatingDiscreteDiffusion` with dynamic weights, sampled along 100 Chebyshev
    points. It has no normalised density; :meth:`bound` is a lower bound on the log-likelihood of its sampler in many
    steps, and :meth:`correct` revises rows, its own or others.

    Parameters
    ----------
    network : Network
        Of tokens, told the time.
    process : InterpolatingDiscreteDiffusion
        Its ``levels`` are set when fitted.
    objective : TokenLoss
    levels : int, optional
        Tokens are ``0..levels - 1``; by default one more than the largest seen.
    training : Training

    Attributes
    ----------
    levels_ : int
    process_ : InterpolatingDiscreteDiffusion
    denoiser_ : TokenDenoiser
    history_ : list

    References
    ----------
    von Rütte, Fluri, Ding, Orvieto, Schölkopf and Hofmann (2025), https://arxiv.org/abs/2503.04482

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import InterpolatingTokens, Training, networks
    >>> x = np.random.default_rng(0).integers(0, 3, (200, 4))
    >>> network = networks.TokenTransformer(width=16, depth=1, heads=2, time=True)
    >>> model = InterpolatingTokens(network, training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.correct(model.sample(2, seed=0), seed=0).shape, model.bound(x[:5]).shape
    ((2, 4), (5,))
    """

    def __init__(
        self,
        network: Network = TokenTransformer(time=True),
        *,
        process: InterpolatingDiscreteDiffusion = InterpolatingDiscreteDiffusion(),
        objective: TokenLoss = InterpolatingNELBO("dynamic"),
        levels: int | None = None,
        training: Training = Training(),
    ) -> None:
        self.network, self.process, self.objective = network, process, objective
        self.levels, self.training = levels, training

    def _default_sampler(self) -> Any:
        return TokenAncestral()

    def _default_schedule(self) -> Schedule:
        return Chebyshev(100)

    def correct(self, x: Any, *, given: Any = None, seed: int | None = None, **settings: Any) -> Any:
        """Rows ``(n, length)`` revised by :func:`ecotone.learn.samplers.self_correction`, which takes ``settings``."""
        self._fitted()
        tokens = token_rows(x, "x", levels=self.levels_, length=self.shape_[0]).to(self._device())
        condition = self._given(given, len(tokens))
        return restore(x)(self_correction(self.denoiser_, tokens, given=condition, seed=seed, **settings))

    def _bound_loss(self) -> TokenLoss:
        return InterpolatingNELBO(ends=2, margin=1e-12)
