"""A bijection of which the Jacobian's determinant is 1 or -1 everywhere: rotations and additive couplings."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

NARROWEST = 64  # a table of a few columns bends nothing with layers as wide as itself


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
    """Blocks of a rotation :math:`x \\mapsto e^{U - U^\\top} Q x + b` and a coupling, then a rotation.

    Parameters
    ----------
    d : int
    blocks : int
        0 leaves one rotation.
    random : bool
        Start from random rotations and couplings; or from the identity, as random Q that the last one undoes, with
        couplings that add nothing: then each coupling still mixes all coordinates, and can learn.
    """

    base: Tensor  # Q

    def __init__(self, d: int, blocks: int, random: bool = False) -> None:
        super().__init__()
        blocks = blocks if d > 1 else 0  # one coordinate has no other to bend it
        upper, bias, base = torch.zeros(blocks + 1, d, d), torch.zeros(blocks + 1, d), torch.eye(d)[None]
        if random:
            upper.uniform_(-math.pi, math.pi)
            bias.uniform_(-1, 1).div_(math.sqrt(d))
        elif blocks:
            turns = torch.linalg.qr(torch.randn(blocks, d, d, dtype=torch.float64))[0]
            back = torch.linalg.multi_dot([torch.eye(d).double(), *turns.mT, torch.eye(d).double()])
            base = torch.cat([turns, back[None]]).float()
        self.upper, self.bias = nn.Parameter(upper.triu(1)), nn.Parameter(bias)
        self.register_buffer("base", base.repeat(len(upper) // len(base), 1, 1))
        self.couplings = nn.ModuleList(Coupling(d, random) for _ in range(blocks))

    def rotations(self) -> Tensor:
        """All of them, ``(blocks + 1, d, d)``; to be given to both directions where both are taken."""
        upper = self.upper.triu(1)
        return torch.matrix_exp(upper - upper.mT) @ self.base

    def forward(self, x: Tensor, rotations: Tensor | None = None) -> Tensor:
        turns = self.rotations() if rotations is None else rotations
        for turn, bias, coupling in zip(turns, self.bias, self.couplings, strict=False):
            x = coupling(x @ turn.T + bias)
        return x @ turns[-1].T + self.bias[-1]

    def inverse(self, y: Tensor, rotations: Tensor | None = None) -> Tensor:
        """The rows that ``y`` is the image of."""
        turns = self.rotations() if rotations is None else rotations
        y = (y - self.bias[-1]) @ turns[-1]
        couplings: Any = self.couplings
        for i in range(len(couplings) - 1, -1, -1):
            y = (couplings[i].inverse(y) - self.bias[i]) @ turns[i]
        return y


def invariant_loss(network: VolumePreserving, x: Tensor, k: int) -> Tensor:
    """Mean square of the last k outputs, and the error of rows rebuilt without these outputs.

    The second term has its gradient through the inverse only. Without it a map of determinant 1 may squeeze any k
    outputs to zero and stretch the others.
    """
    turns = network.rotations()
    y = network(x, turns)
    kept = y.detach().clone()
    kept[:, -k:] = 0
    return (y[:, -k:] ** 2).mean() + ((network.inverse(kept, turns) - x) ** 2).mean()
