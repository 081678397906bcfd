"""One network for every conditional of a table: any columns seen, the law of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.cards import Card

from ._heads import Head

CARD = Card(
    name="MaskedPerceptron",
    summary="Residual perceptron over embedded columns, any of them hidden.",
    contract="TableNetwork",
    title="Masked Autoencoders Are Scalable Vision Learners",
    authors=(
        "He, Kaiming", "Chen, Xinlei", "Xie, Saining", "Li, Yanghao", "Dollár, Piotr", "Girshick, Ross",
    ),
    year=2022,
    venue="CVPR",
    link="https://arxiv.org/abs/2111.06377",
)  # fmt: skip
_BUMPS = 12


@dataclass(frozen=True)
class MaskedPerceptron:
    r"""Columns as a token's embedding plus a function of its number; a hidden column has an embedding of its own.

    Parameters
    ----------
    width : int
        Of the residual blocks.
    depth : int
        Blocks.
    embedding : int
        Numbers for each column.
    dropout : float

    References
    ----------
    He, Chen, Xie, Li, Dollár and Girshick (2022), https://arxiv.org/abs/2111.06377 (hiding parts of the input)

    Examples
    --------
    >>> import torch
    >>> module = MaskedPerceptron(width=32, depth=1).build([(3, False), (2, True)])
    >>> seen = torch.tensor([[True, False]])
    >>> [part.shape[1] for part in module(torch.tensor([[1, 0]]), torch.zeros(1, 2), seen)]
    [3, 26]
    """

    width: int = 384
    depth: int = 3
    embedding: int = 24
    dropout: float = 0.0

    def build(self, columns: list[tuple[int, bool]]) -> Perceptron:
        """The module for columns of so many tokens, each with or without a continuous part."""
        return Perceptron(self, columns)


class Perceptron(nn.Module):
    """``forward(token (n, d), z (n, d), seen (n, d))`` gives the outputs of every column's :class:`Head`."""

    def __init__(self, made: MaskedPerceptron, columns: list[tuple[int, bool]]) -> None:
        super().__init__()
        d, e = len(columns), made.embedding
        self.starts: Tensor
        starts = torch.tensor([0, *(t + 1 for t, _ in columns)]).cumsum(0)
        self.register_buffer("starts", starts[:-1], persistent=False)
        self.tokens = nn.Embedding(int(starts[-1]), e)
        nn.init.normal_(self.tokens.weight, std=0.5)
        self.ordered: Tensor
        self.register_buffer("ordered", torch.tensor([continuous for _, continuous in columns]), persistent=False)
        self.centres: Tensor
        self.register_buffer("centres", torch.linspace(-2.5, 2.5, _BUMPS - 2), persistent=False)
        self.numbers = nn.Parameter(torch.randn(d, _BUMPS, e) * 0.2)
        self.first = nn.Linear(d * e, made.width)
        self.blocks = nn.ModuleList(_Block(made.width, made.dropout) for _ in range(made.depth))
        self.norm = nn.LayerNorm(made.width)
        self.widths = [Head.width(t, c) for t, c in columns]
        self.last = nn.Linear(made.width, sum(self.widths))
        nn.init.zeros_(self.last.weight)
        with torch.no_grad():
            self._begin(columns)

    def _begin(self, columns: list[tuple[int, bool]]) -> None:
        """Mixtures that start as spread over the normal scores."""
        nn.init.zeros_(self.last.bias)
        at = 0
        for (tokens, continuous), width in zip(columns, self.widths, strict=True):
            if continuous:
                k = (width - tokens) // 3
                self.last.bias[at + tokens + k : at + tokens + 2 * k] = torch.linspace(-1.5, 1.5, k)
                self.last.bias[at + tokens + 2 * k : at + width] = -0.7
            at += width

    def body(self, token: Tensor, z: Tensor, seen: Tensor) -> Tensor:
        """(n, width) what was understood of the seen columns."""
        place = self.starts + torch.where(seen, token.clamp(min=0) + 1, torch.zeros_like(token))
        shown = seen & self.ordered  # a level's z only tells rare levels apart
        z = torch.where(shown, z, torch.zeros_like(z)).to(self.numbers.dtype)
        bumps = torch.cat(
            [z[..., None], torch.abs(z)[..., None], torch.tanh(2 * (z[..., None] - self.centres))], dim=-1
        )
        bumps = torch.where((shown & (z != 0))[..., None], bumps, torch.zeros_like(bumps))
        h = self.tokens(place) + torch.einsum("ndb,dbe->nde", bumps, self.numbers)
        h = self.first(h.flatten(1))
        for block in self.blocks:
            h = block(h)
        found: Tensor = self.norm(h)
        return found

    def column(self, h: Tensor, j: int) -> Tensor:
        """Outputs for one column."""
        start = sum(self.widths[:j])
        rows = slice(start, start + self.widths[j])
        return nn.functional.linear(h, self.last.weight[rows], self.last.bias[rows])

    def forward(self, token: Tensor, z: Tensor, seen: Tensor) -> Any:
        return torch.split(self.last(self.body(token, z, seen)), self.widths, dim=1)


class _Block(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, h: Tensor) -> Tensor:
        found: Tensor = h + self.inside(h)
        return found
