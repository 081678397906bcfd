"""What losses of token processes share: times, log-probabilities, the mean over rows and tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from ecotone.learn import Batch, RowRandom


class TokenLoss(ABC):
    """A bound on the negative log-likelihood of rows of tokens; its mean over tokens, in nats, is the loss."""

    antithetic: bool

    @abstractmethod
    def rows(self, denoiser: Any, x0: Tensor, u: Tensor, given: Tensor | None, rng: RowRandom) -> Tensor:
        """``(n,)`` float64, an estimate for each row, in nats, unbiased where ``u`` ``(n,)`` is uniform on (0, 1).

        Times follow from ``u``, the rest of the noise from ``rng``; ``denoiser.process`` is the process.
        """

    def __call__(self, denoiser: Any, batch: Batch) -> Tensor:
        """The mean over the batch, in nats a token."""
        u = unit_times(batch.rng, antithetic=self.antithetic)
        found = self.rows(denoiser, batch.x, u, batch.given, batch.rng) / batch.x.shape[1]
        return (found if batch.weight is None else found * batch.weight.to(found)).mean()


def unit_times(rng: RowRandom, *, antithetic: bool) -> Tensor:
    """``(n,)`` float64 times in (0, 1): independent, or the first row's plus b/n modulo 1 for row b."""
    u = rng._uniform(1)[:, 0]
    if not antithetic:
        return u
    n = len(u)
    return ((u[0] + torch.arange(n, device=u.device) / n) % 1.0).clamp(min=2.0**-53)


def log_true(denoiser: Any, z: Tensor, t: Tensor, given: Tensor | None, x0: Tensor) -> Tensor:
    """``(n, length)`` float64 log-probability that the denoiser gives the clean tokens."""
    return torch.log(true(denoiser(z, t, given).x0, x0).double().clamp(min=1e-300))


def true(probabilities: Tensor, x0: Tensor) -> Tensor:
    """``(n, length)`` the probability of each clean token."""
    return torch.gather(probabilities, -1, x0[..., None])[..., 0]
