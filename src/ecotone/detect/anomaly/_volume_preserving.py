"""A bijection of which the Jacobian's determinant is 1 or -1 everywhere: rotations and additive couplings."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

NARROWEST = 64  # a table of a few columns bends nothing with layers as wide as itself


class Rotation(nn.Module):
    """:math:`x \\mapsto e^{U - U^\\top} Q x + b`, U strictly upper triangular and Q fixed; U random without a Q."""

    base: Tensor

    def __init__(self, d: int, base: Tensor | None = None) -> None:
        super().__init__()
        upper, bias = torch.zeros(d, d), torch.zeros(d)
        if base is None:
            upper.uniform_(-math.pi, math.pi)
            bias.uniform_(-1, 1).div_(math.sqrt(d))
        self.upper, self.bias = nn.Parameter(upper.triu(1)), nn.Parameter(bias)
        self.register_buffer("base", torch.eye(d) if base is None else base)

    def matrix(self) -> Tensor:
        """The rotation, ``(d, d)``."""
        upper = self.upper.triu(1)
        return torch.matrix_exp(upper - upper.T) @ self.base

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.matrix().T + self.bias

    def inverse(self, y: Tensor) -> Tensor:
        return (y - self.bias) @ self.matrix()


class Coupling(nn.Module):
    """Adds to the first half a perceptron of the rest: three hidden layers as wide as the rest, 64 at least."""

    def __init__(self, d: int, random: bool) -> None:
        super().__init__()
        self.half = d // 2
        rest = d - self.half
        parts: list[nn.Module] = []
        width = max(rest, NARROWEST)
        for entering in (rest, width, width):
            parts += [nn.Linear(entering, width), nn.ReLU()]
        last = nn.Linear(width, self.half)
        if not random:
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.added = nn.Sequential(*parts, last)

    def forward(self, x: Tensor) -> Tensor:
        first, rest = x[:, : self.half], x[:, self.half :]
        return torch.cat([first + self.added(rest), rest], 1)

    def inverse(self, y: Tensor) -> Tensor:
        first, rest = y[:, : self.half], y[:, self.half :]
        return torch.cat([first - self.added(rest), rest], 1)


class VolumePreserving(nn.Module):
    """Blocks of a rotation and a coupling, then a rotation.

    Parameters
    ----------
    d : int
    blocks : int
        0 leaves one rotation.
    random : bool
        Start from random rotations and couplings; or from the identity, as random rotations that the last one undoes,
        with couplings that add nothing: then each coupling still mixes all coordinates, and can learn.
    """

    def __init__(self, d: int, blocks: int, random: bool = False) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        turned = torch.eye(d, dtype=torch.float64)
        for _ in range(blocks):
            turn = torch.linalg.qr(torch.randn(d, d, dtype=torch.float64))[0]
            turned = turn @ turned
            parts += [Rotation(d, None if random else turn), *([Coupling(d, random)] if d > 1 else [])]
        self.parts = nn.ModuleList([*parts, Rotation(d, None if random else turned.T)])

    def forward(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x

    def inverse(self, y: Tensor) -> Tensor:
        """The rows that ``y`` is the image of."""
        for part in reversed(self.parts):
            y = part.inverse(y)  # type: ignore[operator]
        return y


def invariant_loss(network: VolumePreserving, x: Tensor, k: int) -> Tensor:
    """Mean square of the last k outputs, and the error of rows rebuilt without these outputs.

    The second term has its gradient through the inverse only. Without it a map of determinant 1 may squeeze any k
    outputs to zero and stretch the others.
    """
    y = network(x)
    kept = y.detach().clone()
    kept[:, -k:] = 0
    return (y[:, -k:] ** 2).mean() + ((network.inverse(kept) - x) ** 2).mean()
