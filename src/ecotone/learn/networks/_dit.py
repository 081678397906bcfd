"""A transformer on patches of images, steered by the time and a condition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._network import Network, TimeEmbedding

CARD = Card(
    name="DiT",
    summary="Transformer on patches whose norms and gates the time and the condition set (adaLN-Zero).",
    contract="Network",
    title="Scalable Diffusion Models with Transformers",
    authors=("Peebles, William", "Xie, Saining"),
    year=2023,
    venue="ICCV",
    link="https://arxiv.org/abs/2212.09748",
    row=218,
    claim="At equal steps and nearly equal parameters, the transformer that spends more operations on smaller patches "
    "has the lower held-out loss.",
)


@dataclass(frozen=True)
class DiT(Network):
    r"""Diffusion transformer with adaLN-Zero blocks.

    The image is cut into patches, each a token with a fixed sine and cosine position. With :math:`c` the sum of the
    embedded time and condition, a block computes

    .. math::
        (b_1, a_1, g_1, b_2, a_2, g_2) &= W\,\mathrm{silu}(c), \\
        h &\leftarrow h + g_1 \odot \mathrm{Attn}\big((1 + a_1)\,\mathrm{norm}(h) + b_1\big), \\
        h &\leftarrow h + g_2 \odot \mathrm{MLP}\big((1 + a_2)\,\mathrm{norm}(h) + b_2\big),

    with norms that have no parameters of their own. All W and the last layer start at zero: every block is the
    identity then, and the output is 0. The output has the channels of the image; the learned variance of the paper is
    left out, as the processes here fix theirs.

    Parameters
    ----------
    patch : int
        Side of a patch; it divides height and width.
    width : int
        Of a token; a multiple of 4 and of ``heads``.
    depth : int
    heads : int

    References
    ----------
    Peebles and Xie (2023), https://arxiv.org/abs/2212.09748

    Examples
    --------
    >>> import torch
    >>> module = DiT(patch=2, width=16, depth=1, heads=2).build((1, 8, 8), width=4)
    >>> module(torch.randn(5, 1, 8, 8), torch.rand(5), torch.zeros(5, 4)).shape
    torch.Size([5, 1, 8, 8])
    """

    patch: int = 2
    width: int = 128
    depth: int = 4
    heads: int = 4

    def build(self, shape: tuple[int, ...], width: int = 0) -> nn.Module:
        if len(shape) != 3 or shape[1] % self.patch or shape[2] % self.patch:
            raise BadInput(
                f"DiT takes rows of shape (channels, height, width) with sides that are multiples of {self.patch}, got "
                f"rows of shape {shape}; pad or reshape them, or use another patch"
            )
        if self.width % 4 or self.width % self.heads or min(self.width, self.heads, self.depth) < 1:
            raise BadInput(
                "DiT needs depth and heads >= 1 and a width that is a multiple of 4 and of heads, got "
                f"{self.depth}, {self.heads} and {self.width}"
            )
        return _Transformer(shape, self, width)


class _Transformer(nn.Module):
    positions: Tensor

    def __init__(self, shape: tuple[int, ...], made: DiT, given: int) -> None:
        super().__init__()
        self.patch, (channels, height, breadth), d = made.patch, shape, made.width
        self.grid = height // self.patch, breadth // self.patch
        self.first = nn.Conv2d(channels, d, self.patch, stride=self.patch)
        self.register_buffer("positions", sin_cos_positions(*self.grid, d), persistent=False)
        self.time = nn.Sequential(TimeEmbedding(256), nn.Linear(256, d), nn.SiLU(), nn.Linear(d, d))
        self.label = nn.Linear(given, d) if given else None
        self.blocks = nn.ModuleList(_Block(d, made.heads) for _ in range(made.depth))
        self.norm, self.steer = nn.LayerNorm(d, elementwise_affine=False, eps=1e-6), nn.Linear(d, 2 * d)
        self.last = nn.Linear(d, self.patch**2 * channels)
        self._start()

    def _start(self) -> None:
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)
        nn.init.xavier_uniform_(self.first.weight.flatten(1))
        nn.init.zeros_(self.first.bias)
        for part in (self.time[1], self.time[3], *([] if self.label is None else [self.label])):
            nn.init.normal_(part.weight, std=0.02)
        for part in (self.steer, self.last, *(block.steer for block in self.blocks)):
            nn.init.zeros_(part.weight)

    def forward(self, x: Tensor, time: Tensor, given: Tensor | None = None) -> Tensor:
        h = self.first(x).flatten(2).mT + self.positions.to(x)
        c = self.time(time)
        if self.label is not None and given is not None:
            c = c + self.label(given)
        c = functional.silu(c)
        for block in self.blocks:
            h = block(h, c)
        shift, scale = self.steer(c)[:, None].chunk(2, dim=2)
        return unpatchify(self.last(self.norm(h) * (1 + scale) + shift), self.patch, self.grid)


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.ask, self.answer = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.steer = nn.Linear(width, 6 * width)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        b1, a1, g1, b2, a2, g2 = self.steer(c)[:, None].chunk(6, dim=2)
        h = h + g1 * self._attend(self.norm(h) * (1 + a1) + b1)
        inner = functional.gelu(self.inner(self.norm(h) * (1 + a2) + b2), approximate="tanh")
        return h + g2 * self.outer(inner)

    def _attend(self, h: Tensor) -> Tensor:
        n, tokens, width = h.shape
        q, k, v = self.ask(h).reshape(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(q, k, v)
        return self.answer(found.transpose(1, 2).reshape(n, tokens, width))


def unpatchify(tokens: Tensor, patch: int, grid: tuple[int, int]) -> Tensor:
    """Images ``(n, channels, height, width)`` from tokens ``(n, places, patch * patch * channels)``."""
    n, (rows, columns) = len(tokens), grid
    cut = tokens.reshape(n, rows, columns, patch, patch, -1)
    return cut.permute(0, 5, 1, 3, 2, 4).reshape(n, -1, rows * patch, columns * patch)


def sin_cos_positions(rows: int, columns: int, width: int) -> Tensor:
    """``(rows * columns, width)``: a half each of sines and cosines of the column and of the row."""
    rates = torch.exp(-math.log(10_000) * torch.arange(width // 4) / (width // 4))
    down, along = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    parts = [f(place.flatten()[:, None] * rates) for place in (along, down) for f in (torch.sin, torch.cos)]
    return torch.cat(parts, dim=1)
