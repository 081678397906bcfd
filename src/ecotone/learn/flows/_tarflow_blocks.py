"""Patches of rows, and causal transformers that make affine autoregressive flows of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ecotone.contracts import BadInput
from ecotone.learn import Density, RowRandom


class Patches:
    """Rows ``(n, channels, height, width)`` or ``(n, d)`` as ``(n, tokens, size)``, and back."""

    def __init__(self, shape: tuple[int, ...], side: int) -> None:
        if len(shape) not in (1, 3) or any(k % side for k in shape[-2:]):
            raise BadInput(
                f"TarFlow takes vectors or images (channels, height, width) whose sides patch = {side} divides, got "
                f"rows of shape {shape}"
            )
        self.shape, self.side = shape, side
        self.size = side if len(shape) == 1 else shape[0] * side**2
        self.tokens = math.prod(shape) // self.size

    def split(self, x: Tensor) -> Tensor:
        if len(self.shape) == 1:
            return x.unflatten(1, (self.tokens, self.size))
        c, p = self.shape[0], self.side
        return x.unfold(2, p, p).unfold(3, p, p).permute(0, 2, 3, 1, 4, 5).reshape(len(x), -1, c * p * p)

    def join(self, z: Tensor) -> Tensor:
        if len(self.shape) == 1:
            return z.flatten(1)
        (c, h, w), p = self.shape, self.side
        return z.reshape(-1, h // p, w // p, c, p, p).permute(0, 3, 1, 4, 2, 5).reshape(-1, c, h, w)


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, h: Tensor) -> Tensor:
        n, t, w = h.shape
        q, k, v = self.qkv(self.norm(h)).reshape(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + self.out(seen.transpose(1, 2).reshape(n, t, w))
        found: Tensor = h + self.mlp(h)
        return found


class Block(nn.Module):
    """z_i = (x_i - b(x_<i)) exp(-a(x_<i)); a and b are 0 for the first token, and at the start for all."""

    def __init__(self, tokens: int, size: int, layers: int, width: int, heads: int, given: int) -> None:
        super().__init__()
        self.first, self.place = nn.Linear(size, width), nn.Parameter(1e-2 * torch.randn(tokens, width))
        self.conditioned = nn.Linear(given, width, bias=False) if given else None
        self.layers = nn.Sequential(*[_Layer(width, heads) for _ in range(layers)])
        self.last = nn.Linear(width, 2 * size)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def affine(self, x: Tensor, c: Tensor | None) -> tuple[Tensor, Tensor]:
        """a and b of the token that follows each of ``x`` (n, t, size)."""
        h = self.first(x) + self.place[: x.shape[1]]
        if self.conditioned is not None and c is not None:
            h = h + self.conditioned(c)[:, None]
        a, b = self.last(self.layers(h)).chunk(2, dim=-1)
        return a, b

    def forward(self, x: Tensor, c: Tensor | None) -> tuple[Tensor, Tensor]:
        """z and the log-determinant (n,)."""
        a, b = self.affine(x[:, :-1], c)
        z = torch.cat([x[:, :1], (x[:, 1:] - b) * torch.exp(-a)], 1)
        return z, -a.sum((1, 2))

    def inverse(self, z: Tensor, c: Tensor | None, guidance: float) -> Tensor:
        """x, one token after another: each needs all before it."""
        x, tokens = z[:, :1], z.shape[1]
        for i in range(tokens - 1):
            a, b = (part[:, -1:] for part in self.affine(x, c))
            if guidance and c is not None:
                g = guidance * (i + 1) / (tokens - 1)
                a_free, b_free = (part[:, -1:] for part in self.affine(x, torch.zeros_like(c)))
                a, b = a + g * (a - a_free), b + g * (b - b_free)
            x = torch.cat([x, z[:, i + 1 : i + 2] * torch.exp(a) + b], 1)
        return x


class Stack(Density):
    """Blocks with the order of the tokens turned between them."""

    guidance = 0.0

    def __init__(self, patches: Patches, blocks: int, layers: int, width: int, heads: int, given: int) -> None:
        super().__init__()
        if patches.tokens < 2:
            raise BadInput(f"TarFlow needs at least two patches, got rows of shape {patches.shape}; lower patch")
        self.patches = patches
        self.blocks = nn.ModuleList(
            Block(patches.tokens, patches.size, layers, width, heads, given) for _ in range(blocks)
        )

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        x, total = self.patches.split(z), z.new_zeros(len(z))
        for block in self.blocks:
            x, log = block(x, c)
            x, total = x.flip(1), total + log
        return total - 0.5 * (x**2).sum((1, 2)) - 0.5 * x[0].numel() * math.log(2 * math.pi)

    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        x = rng.normal((self.patches.tokens, self.patches.size)).to(next(self.parameters()))
        for block in reversed(self.blocks):
            x = block.inverse(x.flip(1), c, self.guidance)
        return self.patches.join(x)
