"""Processes that hide tokens behind a mask, and the kernel that uncovers them."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ecotone.learn import Prediction, RowRandom

from ._token_process import TokenProcess, draw, places, uniforms


class MaskingProcess(TokenProcess):
    r"""Each token is kept with probability :math:`\alpha_t` and else hidden, :math:`\alpha` falling from 1 at 0.

    Given a clean row, the tokens hidden at t are those hidden at :math:`s < t` with probability
    :math:`(1 - \alpha_s)/(1 - \alpha_t)`, so that the reverse kernel uncovers each with probability

    .. math:: \frac{\alpha_s - \alpha_t}{1 - \alpha_t}

    as a token drawn from the prediction. A prediction is asked for hidden tokens only, and never has the mask.
    """

    @abstractmethod
    def alpha(self, t: Tensor) -> Tensor:
        """Probability that a token is kept, for a float64 tensor of any shape."""

    @abstractmethod
    def alpha_rate(self, t: Tensor) -> Tensor:
        """Derivative of ``alpha``: not positive."""

    @abstractmethod
    def time(self, alpha: Tensor) -> Tensor:
        """The t at which ``alpha`` has a value."""

    def hidden(self, t: Tensor) -> Tensor:
        """``1 - alpha``."""
        return 1 - self.alpha(t)

    def rate(self, t: Tensor) -> Tensor:
        r"""The weight :math:`-\dot\alpha_t/(1 - \alpha_t)` of the cross-entropy of hidden tokens."""
        return -self.alpha_rate(t) / self.hidden(t)

    def likelihood(self, z: Tensor, t: Tensor | float) -> Tensor:
        """All ones where ``z`` is the mask, else one-hot."""
        return (z[..., None] == torch.arange(self.levels, device=z.device)).double() + (z == self.mask)[..., None]

    def perturb(self, x0: Tensor, t: Tensor | float, rng: RowRandom) -> Tensor:
        hidden = uniforms(rng, tuple(x0.shape[1:])) < self.hidden(places(t, x0))
        return torch.where(hidden, self.mask, x0)

    def prior(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        return torch.full((len(rng), *shape), self.mask, dtype=torch.int64, device=rng.rows.device)

    def step(
        self, prediction: Prediction, x_t: Tensor, t: Tensor | float, t_next: Tensor | float, rng: RowRandom
    ) -> Tensor:
        now, before = places(t, x_t), places(t_next, x_t)
        chance = (self.alpha(before) - self.alpha(now)) / self.hidden(now)
        uncovered = (x_t == self.mask) & (uniforms(rng, tuple(x_t.shape[1:])) < chance)
        return torch.where(uncovered, draw(prediction.x0, rng), x_t)
