"""Masked diffusion in which each token has a schedule of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction, RowRandom

from ._token_process import TokenProcess, draw, places, uniforms

CARD = Card(
    name="GeneralizedMaskedDiffusion",
    summary="Masked diffusion with a power of time for each token: some are hidden earlier than others.",
    contract="Process",
    title="Simplified and Generalized Masked Diffusion for Discrete Data",
    authors=("Shi, Jiaxin", "Han, Kehang", "Wang, Zhe", "Doucet, Arnaud", "Titsias, Michalis K."),
    year=2024,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2406.04329",
)


@dataclass(frozen=True)
class GeneralizedMaskedDiffusion(TokenProcess):
    r"""Token v is kept with probability :math:`\alpha_{t,v} = 1 - t^{w_v}`, else it is the mask.

    A hidden token with prediction :math:`\mu` becomes v at :math:`s < t` with probability
    :math:`\mu_v\,(1 - (s/t)^{w_v})`. Since what is hidden depends on the token, the exact prediction depends on time,
    unlike that of :class:`MaskedDiffusion`.

    Parameters
    ----------
    levels : int
        Tokens are ``0..levels - 1``, the mask is ``levels``.
    powers : tuple of float
        :math:`w_v`, positive, one for each level; empty is 1 for all.

    Raises
    ------
    BadInput
        For ``levels`` below 2, or powers that are not one positive number a level.

    References
    ----------
    Shi, Han, Wang, Doucet and Titsias (2024), https://arxiv.org/abs/2406.04329, section 6

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import RowRandom
    >>> x = torch.tensor([[0] * 200 + [1] * 200])
    >>> z = GeneralizedMaskedDiffusion(2, (0.1, 4.0)).perturb(x, 0.5, RowRandom(0, 1))
    >>> bool((z[0, :200] == 2).sum() > 150), bool((z[0, 200:] == 2).sum() < 50)
    (True, True)
    """

    levels: int = 2
    powers: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self._check_levels()
        if self.powers and (len(self.powers) != self.levels or not all(0 < w < math.inf for w in self.powers)):
            raise BadInput(f"powers must be {self.levels} positive numbers, one for each level, got {self.powers!r}")

    def exponents(self, like: Tensor) -> Tensor:
        """``(levels,)`` float64 :math:`w`."""
        return torch.tensor(self.powers or (1.0,) * self.levels, dtype=torch.float64, device=like.device)

    def likelihood(self, z: Tensor, t: Tensor | float) -> Tensor:
        hidden = places(t, z)[..., None] ** self.exponents(z)
        same = (z[..., None] == torch.arange(self.levels, device=z.device)).double()
        return torch.where((z == self.mask)[..., None], hidden, same)

    def perturb(self, x0: Tensor, t: Tensor | float, rng: RowRandom) -> Tensor:
        hidden = uniforms(rng, tuple(x0.shape[1:])) < places(t, x0) ** self.exponents(x0)[x0]
        return torch.where(hidden, self.mask, x0)

    def prior(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        return torch.full((len(rng), *shape), self.mask, dtype=torch.int64, device=rng.rows.device)

    def step(
        self, prediction: Prediction, x_t: Tensor, t: Tensor | float, t_next: Tensor | float, rng: RowRandom
    ) -> Tensor:
        shrink = (places(t_next, x_t) / places(t, x_t))[..., None] ** self.exponents(x_t)
        distribution = prediction.x0.double() / prediction.x0.double().sum(-1, keepdim=True)
        stay = (distribution * shrink).sum(-1, keepdim=True)
        return torch.where(x_t == self.mask, draw(torch.cat([distribution * (1 - shrink), stay], dim=-1), rng), x_t)
