"""A causal transformer that can read a sequence at once, or one token at a time with what it has kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Kept = list[tuple[Tensor, Tensor]]


class CausalTransformer(nn.Module):
    """Blocks of normalised attention and a perceptron: ``(n, length, width)`` to the same."""

    def __init__(self, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, h: Tensor, kept: Kept | None = None) -> Tensor:
        """Each token sees itself and those before it; ``kept`` holds the tokens of earlier calls, and gains these.

        With ``kept``, one token a call.
        """
        for i, block in enumerate(self.blocks):
            h, keys = block(h, None if not kept or i >= len(kept) else kept[i])
            if kept is not None:
                kept[i : i + 1] = [keys]
        return self.norm(h)


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.triple, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, h: Tensor, kept: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        n, length, width = h.shape
        triple = self.triple(self.before(h)).reshape(n, length, 3, self.heads, width // self.heads)
        q, k, v = triple.permute(2, 0, 3, 1, 4)
        if kept is not None:
            k, v = torch.cat([kept[0], k], dim=2), torch.cat([kept[1], v], dim=2)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=kept is None and length > 1)
        h = h + self.out(seen.transpose(1, 2).reshape(n, length, width))
        return h + self.perceptron(self.between(h)), (k, v)
