"""What processes of tokens share: what a clean token says of a noisy one, and exact categorical draws."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Process, RowRandom


class TokenProcess(Process):
    """Noise on rows of tokens ``(n, length)``, int64 in ``0..levels - 1``; the mask is the token ``levels``.

    Every token is noised by itself. A Denoiser of such a process gives ``Prediction.x0`` as probabilities
    ``(n, length, levels)``; they are of a token given the noisy row, or, where ``left_out`` is true, given the noisy
    row without that token, which is what the reverse kernel then needs.
    """

    levels: int
    left_out: bool = False

    @property
    def mask(self) -> int:
        """The token that hides another."""
        return self.levels

    def _check_levels(self) -> None:
        if self.levels < 2:
            raise BadInput(f"{type(self).__name__} needs levels >= 2, got {self.levels!r}")

    @abstractmethod
    def likelihood(self, z: Tensor, t: Tensor | float) -> Tensor:
        """``(n, length, levels)``: the probability of each noisy token of ``z`` given each clean token, up to a factor
        that does not depend on the clean one."""


def places(t: Tensor | float, z: Tensor) -> Tensor:
    """``t`` in float64 as ``(n or 1, 1)``, to meet tokens ``(n, length)``."""
    return torch.as_tensor(t, dtype=torch.float64, device=z.device).reshape(-1, 1)


def uniforms(rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
    """``(n, *shape)`` uniform on (0, 1) in float64, whatever the dtype of the stream: 53 bits."""
    return rng._uniform(math.prod(shape)).reshape(len(rng), *shape)


def draw(weights: Tensor, rng: RowRandom) -> Tensor:
    """One position ``(n, ...)`` for each place of ``weights`` ``(n, ..., k)``, at least 0.

    The distribution function is inverted in float64. In float32 the smallest probability that can be drawn is 2^-24,
    so that over many steps rare tokens come too seldom.
    """
    total = torch.cumsum(weights.double(), dim=-1)
    point = uniforms(rng, tuple(weights.shape[1:-1]))[..., None] * total[..., -1:]
    return torch.searchsorted(total, point, right=True)[..., 0].clamp(max=weights.shape[-1] - 1)
