"""The U-Net of the diffusers library's ``UNet2DModel``, under the names that its weights have."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class DiffusersUNet(nn.Module):
    """``forward(x, step, given)`` with steps counted from 0 and one-hot classes; padding of halving 1, or 0 for one
    row and one column at the end."""

    def __init__(
        self, channels: tuple[int, int], widths: Sequence[int], attends: tuple[Sequence[bool], Sequence[bool]], *,
        depth: int, groups: int, eps: float, head: int | None, middle: bool, middle_attends: bool, padding: int,
        scale_shift: bool, classes: int, flip: bool, shift: float, condition: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.flip, self.shift, self.first_width = flip, shift, widths[0]

        def block(inside: int, outside: int) -> _Resnet:
            return _Resnet(inside, outside, condition, groups, eps, scale_shift)

        def attention(width: int, normed: bool = True) -> _Attention:
            return _Attention(width, width // head if head else 1, groups if normed else 0, eps)

        self.time_embedding = _TwoLayers(widths[0], condition)
        if classes:
            self.class_embedding = nn.Embedding(classes, condition)
        self.conv_in = nn.Conv2d(channels[0], widths[0], 3, padding=1)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        self.mid_block: nn.Module | None = None
        kept, before = [widths[0]], widths[0]
        for i, (width, attend) in enumerate(zip(widths, attends[0], strict=True)):
            last = i + 1 == len(widths)
            resnets = [block(before if k == 0 else width, width) for k in range(depth)]
            looks = [attention(width) for _ in range(depth)] if attend else []
            self.down_blocks.append(_Stage(resnets, looks, None if last else _Halve(width, padding)))
            kept += [width] * (depth + (not last))
            before = width
        if middle:
            looks = [attention(before, normed=not scale_shift)] if middle_attends else []  # as there: no norm then
            self.mid_block = _Stage([block(before, before), block(before, before)], looks, None)
        for i, (width, attend) in enumerate(zip(reversed(widths), attends[1], strict=True)):
            last = i + 1 == len(widths)
            resnets = [block((before if k == 0 else width) + kept.pop(), width) for k in range(depth + 1)]
            looks = [attention(width) for _ in range(depth + 1)] if attend else []
            self.up_blocks.append(_Stage(resnets, looks, None if last else _Double(width), up=True))
            before = width
        self.conv_norm_out = nn.GroupNorm(groups, before, eps=eps)
        self.conv_out = nn.Conv2d(before, channels[1], 3, padding=1)

    def forward(self, x: Tensor, step: Tensor, given: Tensor | None = None) -> Tensor:
        half = self.first_width // 2
        rates = torch.exp(-math.log(10_000) * torch.arange(half, device=x.device).to(step) / (half - self.shift))
        parts = [torch.sin(step[:, None] * rates), torch.cos(step[:, None] * rates)]
        c = self.time_embedding(torch.cat(parts[::-1] if self.flip else parts, dim=1))
        if given is not None:
            c = c + given @ self.class_embedding.weight
        h = self.conv_in(x)
        kept = [h]
        for stage in self.down_blocks:
            h = stage.down(h, c, kept)
        h = h if self.mid_block is None else self.mid_block.through(h, c)
        for stage in self.up_blocks:
            h = stage.rise(h, c, kept)
        return self.conv_out(functional.silu(self.conv_norm_out(h)))


class _TwoLayers(nn.Module):
    def __init__(self, inside: int, width: int) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(inside, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(functional.silu(self.linear_1(x)))


class _Stage(nn.Module):
    """Blocks of one resolution, each followed by attention where there is any, and the change of resolution."""

    def __init__(
        self, resnets: Sequence[nn.Module], attentions: Sequence[nn.Module], change: nn.Module | None, up: bool = False
    ) -> None:
        super().__init__()
        self.resnets, self.attentions = nn.ModuleList(resnets), nn.ModuleList(attentions)
        if change is not None:
            setattr(self, "upsamplers" if up else "downsamplers", nn.ModuleList([change]))

    def _one(self, k: int, h: Tensor, c: Tensor) -> Tensor:
        h = self.resnets[k](h, c)
        return self.attentions[k](h) if k < len(self.attentions) else h

    def down(self, h: Tensor, c: Tensor, kept: list[Tensor]) -> Tensor:
        for k in range(len(self.resnets)):
            h = self._one(k, h, c)
            kept.append(h)
        if hasattr(self, "downsamplers"):
            h = self.downsamplers[0](h)
            kept.append(h)
        return h

    def through(self, h: Tensor, c: Tensor) -> Tensor:
        for k in range(len(self.resnets)):
            h = self._one(k, h, c)
        return h

    def rise(self, h: Tensor, c: Tensor, kept: list[Tensor]) -> Tensor:
        for k in range(len(self.resnets)):
            h = self._one(k, torch.cat([h, kept.pop()], dim=1), c)
        return self.upsamplers[0](h) if hasattr(self, "upsamplers") else h


class _Resnet(nn.Module):
    def __init__(self, inside: int, outside: int, condition: int, groups: int, eps: float, scale_shift: bool) -> None:
        super().__init__()
        self.scale_shift = scale_shift
        self.norm1, self.conv1 = nn.GroupNorm(groups, inside, eps=eps), nn.Conv2d(inside, outside, 3, padding=1)
        self.time_emb_proj = nn.Linear(condition, 2 * outside if scale_shift else outside)
        self.norm2, self.conv2 = nn.GroupNorm(groups, outside, eps=eps), nn.Conv2d(outside, outside, 3, padding=1)
        if inside != outside:
            self.conv_shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        h = self.conv1(functional.silu(self.norm1(x)))
        condition = self.time_emb_proj(functional.silu(c))[:, :, None, None]
        if self.scale_shift:
            scale, shift = condition.chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        else:
            h = self.norm2(h + condition)
        return (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x) + self.conv2(functional.silu(h))


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int, groups: int, eps: float) -> None:
        super().__init__()
        self.heads, self.group_norm = heads, nn.GroupNorm(groups, width, eps=eps) if groups else nn.Identity()
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor) -> Tensor:
        h = self.group_norm(x).flatten(2).mT
        n, pixels, width = h.shape
        q, k, v = (f(h).reshape(n, pixels, self.heads, -1).transpose(1, 2) for f in (self.to_q, self.to_k, self.to_v))
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, pixels, width)
        return x + self.to_out[0](seen).mT.reshape(x.shape)


class _Halve(nn.Module):
    def __init__(self, width: int, padding: int) -> None:
        super().__init__()
        self.padding, self.conv = padding, nn.Conv2d(width, width, 3, stride=2, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x if self.padding else functional.pad(x, (0, 1, 0, 1)))


class _Double(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
