"""A residual multilayer perceptron with a time and a condition."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._network import Network, TimeEmbedding

CARD = Card(
    name="MLP",
    summary="Residual perceptron for vectors, told the time and a condition.",
    contract="Network",
    title="Deep Residual Learning for Image Recognition",
    authors=("He, Kaiming", "Zhang, Xiangyu", "Ren, Shaoqing", "Sun, Jian"),
    year=2016,
    venue="CVPR",
    link="https://arxiv.org/abs/1512.03385",
)


@dataclass(frozen=True)
class MLP(Network):
    r"""Residual perceptron: ``depth`` blocks :math:`h \leftarrow h + W_2\,\mathrm{silu}(W_1 \mathrm{norm}(h) + c)`.

    :math:`c` is a linear map of the embedded time and the condition; the last layer starts at zero.

    Parameters
    ----------
    width : int
    depth : int
        Residual blocks.

    References
    ----------
    He, Zhang, Ren and Sun (2016), https://arxiv.org/abs/1512.03385

    Examples
    --------
    >>> import torch
    >>> module = MLP(width=32, depth=2).build((3,), width=4)
    >>> module(torch.randn(5, 3), torch.rand(5), torch.zeros(5, 4)).shape
    torch.Size([5, 3])
    """

    width: int = 256
    depth: int = 4

    def build(self, shape: tuple[int, ...], width: int = 0) -> nn.Module:
        if len(shape) != 1:
            raise BadInput(
                f"MLP takes rows that are vectors, got rows of shape {shape}; use UNet or DiT, or flatten them"
            )
        if self.width < 2 or self.depth < 1:
            raise BadInput(f"MLP needs width >= 2 and depth >= 1, got {self.width} and {self.depth}")
        return _Perceptron(shape[0], self.width, self.depth, width)


class _Perceptron(nn.Module):
    def __init__(self, size: int, width: int, depth: int, given: int) -> None:
        super().__init__()
        self.time = TimeEmbedding(64)
        self.condition = nn.Sequential(nn.Linear(64 + given, width), nn.SiLU(), nn.Linear(width, width))
        self.first = nn.Linear(size, width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(depth))
        self.last = nn.Linear(width, size)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor, time: Tensor, given: Tensor | None = None) -> Tensor:
        condition = [self.time(time)] if given is None else [self.time(time), given]
        c = self.condition(torch.cat(condition, dim=1))
        h = self.first(x)
        for block in self.blocks:
            h = block(h, c)
        return self.last(nn.functional.silu(h))


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner, self.conditioned, self.outer = (
            nn.Linear(width, width),
            nn.Linear(width, width),
            nn.Linear(width, width),
        )

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return h + self.outer(nn.functional.silu(self.inner(self.norm(h)) + self.conditioned(c)))
