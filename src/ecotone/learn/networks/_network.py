"""What a network's description agrees on, and the embedding of times."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Network(ABC):
    """A network's description, made before the data are seen: a frozen dataclass of numbers.

    ``build`` makes the module, whose ``forward(x, time, given)`` takes ``(n, *shape)`` rows, ``(n,)`` times (any real
    numbers of order one) and ``(n, width)`` conditions or None, and returns ``(n, *shape)``.
    """

    @abstractmethod
    def build(self, shape: tuple[int, ...], width: int = 0) -> nn.Module:
        """The module for rows of ``shape`` and conditions of ``width`` numbers; raises ``BadInput`` for a shape that
        it can not take."""


class TimeEmbedding(nn.Module):
    """Sines and cosines of a time at frequencies in geometric steps: ``(n,)`` to ``(n, width)``."""

    def __init__(self, width: int, low: float = 0.25, high: float = 64.0) -> None:
        super().__init__()
        count = width // 2
        steps = torch.linspace(0, 1, count)
        self.register_buffer("frequencies", low * (high / low) ** steps, persistent=False)

    def forward(self, time: Tensor) -> Tensor:
        angles = time[:, None] * self.frequencies[None, :].to(time)
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
