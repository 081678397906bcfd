"""A transformer over tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._network import Network, TimeEmbedding

CARD = Card(
    name="TokenTransformer",
    summary="Transformer over tokens that sees both sides, or the left only; told a time and a condition or not.",
    contract="TokenNetwork",
    title="Attention Is All You Need",
    authors=(
        "Vaswani, Ashish", "Shazeer, Noam", "Parmar, Niki", "Uszkoreit, Jakob", "Jones, Llion", "Gomez, Aidan N.",
        "Kaiser, Łukasz", "Polosukhin, Illia",
    ),
    year=2017,
    venue="NeurIPS",
    link="https://arxiv.org/abs/1706.03762",
)  # fmt: skip


@dataclass(frozen=True)
class TokenTransformer(Network):
    r"""Transformer over rows of tokens, with layers normalised before attention

    .. math:: h \leftarrow h + \mathrm{attention}(\mathrm{norm}(h)), \qquad
              h \leftarrow h + W_2\,\mathrm{gelu}(W_1\,\mathrm{norm}(h)).

    Tokens and places have learned embeddings; that of the time and the condition is added to all tokens. The last
    layer starts at zero: all levels are equally likely.

    Parameters
    ----------
    width : int
        Of a token; a multiple of ``heads``.
    depth : int
        Layers.
    heads : int
    time : bool
        Whether the network is told the time. A masking process does not need it.
    causal : bool
        Whether a token sees itself and those before it only, as an autoregressive model's.

    References
    ----------
    Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin (2017),
    https://arxiv.org/abs/1706.03762

    Examples
    --------
    >>> import torch
    >>> module = TokenTransformer(width=32, depth=1, heads=2).build((6, 4))
    >>> module(torch.randint(0, 5, (2, 6)), torch.rand(2)).shape
    torch.Size([2, 6, 4])
    """

    width: int = 128
    depth: int = 4
    heads: int = 4
    time: bool = False
    causal: bool = False

    def build(self, shape: tuple[int, ...], width: int = 0) -> nn.Module:
        """The module for ``shape`` ``(length, levels)``: its ``forward(x, time, given)`` takes tokens ``0..levels``
        ``(n, length)`` and returns logits ``(n, length, levels)``."""
        if len(shape) != 2:
            raise BadInput(f"TokenTransformer takes rows of shape (length, levels), got {shape}")
        if self.heads < 1 or self.width < 2 or self.width % self.heads or self.depth < 1:
            raise BadInput(
                "TokenTransformer needs depth >= 1 and a width that is a multiple of heads, got "
                f"{self.depth}, {self.width} and {self.heads}"
            )
        return _Transformer(self, shape[0], shape[1], width)


class _Transformer(nn.Module):
    def __init__(self, description: TokenTransformer, length: int, levels: int, given: int) -> None:
        super().__init__()
        width = description.width
        self.token, self.place = nn.Embedding(levels + 1, width), nn.Parameter(0.02 * torch.randn(length, width))
        nn.init.normal_(self.token.weight, std=0.02)
        self.clock = TimeEmbedding(64) if description.time else None
        width_given = (64 if description.time else 0) + given
        self.condition = (
            nn.Sequential(nn.Linear(width_given, width), nn.SiLU(), nn.Linear(width, width)) if width_given else None
        )
        self.layers = nn.ModuleList(
            _Layer(width, description.heads, description.causal) for _ in range(description.depth)
        )
        self.norm, self.last = nn.LayerNorm(width), nn.Linear(width, levels)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor, time: Tensor, given: Tensor | None = None) -> Tensor:
        h = self.token(x) + self.place
        if self.condition is not None:
            condition = ([] if self.clock is None else [self.clock(time)]) + ([] if given is None else [given])
            h = h + self.condition(torch.cat(condition, dim=1))[:, None, :]
        for layer in self.layers:
            h = layer(h)
        return self.last(self.norm(h))


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.joint, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, h: Tensor) -> Tensor:
        n, length, width = h.shape
        q, k, v = self.joint(self.first(h)).reshape(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        h = h + self.mixed(seen.transpose(1, 2).reshape(n, length, width))
        return h + self.outer(nn.functional.gelu(self.inner(self.second(h))))
