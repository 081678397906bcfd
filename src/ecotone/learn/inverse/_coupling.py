"""An invertible map of vectors by affine couplings with bounded scales."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_MOST = 2.0  # of a log-scale: a map that contracts without end would lower any distance


class Couplings(nn.Module):
    """``depth`` blocks, each of which moves and scales both halves of a vector by functions of the other half."""

    def __init__(self, size: int, depth: int, width: int) -> None:
        super().__init__()
        self.half = size // 2
        sizes = (self.half, size - self.half)
        blocks = range(depth if self.half else 0)  # one column has no other half: the identity
        self.first = nn.ModuleList(_perceptron(sizes[1], 2 * sizes[0], width) for _ in blocks)
        self.second = nn.ModuleList(_perceptron(sizes[0], 2 * sizes[1], width) for _ in blocks)

    def forward(self, x: Tensor) -> Tensor:
        a, b = x[:, : self.half], x[:, self.half :]
        for first, second in zip(self.first, self.second, strict=True):
            a = _affine(a, first(b))
            b = _affine(b, second(a))
        return torch.cat([a, b], dim=1)


def _affine(x: Tensor, out: Tensor) -> Tensor:
    scale, shift = out.chunk(2, dim=1)
    return x * torch.exp(_MOST * torch.tanh(scale / _MOST)) + shift


def _perceptron(size: int, out: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, width), nn.SELU(), nn.Linear(width, width), nn.SELU(), nn.Linear(width, out))
