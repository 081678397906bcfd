"""One network for every conditional of a table: any columns seen, the distribution of each other."""

from __future__ import annotations

import math
import warnings
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
_WAVES = 8  # of periods 8 to 1/8 on the normal scale


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

    width: int = 256
    depth: int = 3
    embedding: int = 24
    dropout: float = 0.0

    def build(self, columns: list[tuple[int, bool]]) -> Perceptron:
        """The module for columns of so many tokens, each with or without a continuous part."""
        return Perceptron(self, columns)

    def check(self, tokens: list[int], tensors: dict[str, Tensor]) -> None:
        """Raise ``ValueError`` where a file's tensors are not those of this network for columns of so many tokens."""
        blocks = sum(name.startswith("module.blocks.") and name.endswith(".1.weight") for name in tensors)
        sizes = {
            "depth": (self.depth, blocks),
            "width": (self.width, len(tensors["module.first.weight"])),
            "embedding": (self.embedding, tensors["module.tokens.weight"].shape[-1]),
            "tokens": (sum(tokens) + len(tokens), len(tensors["module.tokens.weight"])),
        }
        for name, (said, held) in sizes.items():
            if type(said) is not int or said != held:
                raise ValueError(f"it says {name} {str(said)[:40]}, and its arrays have {held}")


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
        self.waves: Tensor
        self.register_buffer("waves", math.pi * torch.logspace(-2, 4, _WAVES, base=2.0), persistent=False)
        self.numbers = nn.Parameter(torch.randn(d, _BUMPS + 2 * _WAVES, e) * 0.2)
        self.first = nn.Linear(d * e, made.width)
        self.blocks = nn.ModuleList(_Block(made.width, made.dropout) for _ in range(made.depth))
        self.norm = nn.LayerNorm(made.width)
        # Where a column's outputs begin: of its tokens, and of its mixture
        self.parts = [(t, Head.width(t, c) - t) for t, c in columns]
        self.levels = _linear(made.width, sum(t for t, _ in self.parts))
        self.mixtures = _linear(made.width, sum(m for _, m in self.parts))
        for layer in (self.levels, self.mixtures):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():  # mixtures that start as spread over the normal scores
            for part in self.mixtures.bias.split([m for _, m in self.parts]):
                k = len(part) // 3
                part[k : 2 * k] = torch.linspace(-1.5, 1.5, k)
                part[2 * k :] = -0.7

    def start_at(self, frequencies: list[Tensor]) -> None:
        """Begin with each column's tokens at the frequencies ``(tokens,)`` of the rows."""
        with torch.no_grad():
            self.levels.bias.copy_(torch.log(torch.cat(frequencies)))

    def body(self, token: Tensor, z: Tensor, seen: Tensor) -> Tensor:
        """(n, width) what was understood of the seen columns."""
        place = self.starts + torch.where(seen, token.clamp(min=0) + 1, torch.zeros_like(token))
        shown = seen & self.ordered  # a level's z only tells rare levels apart
        h = self.tokens(place) + torch.einsum("ndb,dbe->nde", self._numeric(z, shown), self.numbers)
        return self.deep(self.first(h.flatten(1)).to(self.numbers.dtype))  # blocks add up in full precision

    def _numeric(self, z: Tensor, shown: Tensor) -> Tensor:
        """Functions ``(..., features)`` of numbers, 0 where none is shown."""
        z = torch.where(shown, z, torch.zeros_like(z)).to(self.numbers.dtype)[..., None]
        waves = z.clamp(-4, 4) * self.waves
        parts = [z, torch.abs(z), torch.tanh(2 * (z - self.centres)), torch.sin(waves), torch.cos(waves)]
        found = torch.cat(parts, dim=-1)
        return torch.where((shown & (z[..., 0] != 0))[..., None], found, torch.zeros_like(found))

    def deep(self, h: Tensor) -> Tensor:
        """(n, width) what was understood, from what the first layer gave."""
        for block in self.blocks:
            h = block(h)
        found: Tensor = self.norm(h)
        return found

    def blank(self) -> Tensor:
        """(1, width) what the first layer gives where nothing is seen."""
        found: Tensor = self.first(self.tokens(self.starts).flatten()[None])
        return found

    def shown(self, j: int, token: Tensor, z: Tensor) -> Tensor:
        """(n, width) what the first layer's result changes by where column j is shown."""
        e = self.tokens(self.starts[j] + token + 1) - self.tokens(self.starts[j])
        if bool(self.ordered[j]):
            e = e + self._numeric(z, torch.ones_like(token, dtype=torch.bool)) @ self.numbers[j]
        return nn.functional.linear(e, self.first.weight[:, j * e.shape[1] : (j + 1) * e.shape[1]])

    def column(self, h: Tensor, j: int) -> Tensor:
        """Outputs for one column."""
        out = []
        for k, layer in enumerate((self.levels, self.mixtures)):
            start = sum(part[k] for part in self.parts[:j])
            rows = slice(start, start + self.parts[j][k])
            out.append(nn.functional.linear(h, layer.weight[rows], layer.bias[rows]))
        return torch.cat(out, dim=1)

    def forward(self, token: Tensor, z: Tensor, seen: Tensor) -> Any:
        h = self.body(token, z, seen)
        levels = self.levels(h).to(self.numbers.dtype)
        with torch.autocast(h.device.type, enabled=False):  # a narrow distribution's mean needs all digits
            mixtures = self.mixtures(h.to(self.numbers.dtype))
        parts = [x.split(n, dim=1) for x, n in zip((levels, mixtures), zip(*self.parts, strict=True), strict=True)]
        return [torch.cat(both, dim=1) for both in zip(*parts, strict=True)]


def _linear(width: int, out: int) -> nn.Linear:
    """A layer, also one of no outputs, of which torch would warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Linear(width, out)


class _Block(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, h: Tensor) -> Tensor:
        found: Tensor = h + self.inside(h)
        return found
