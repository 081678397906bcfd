"""A small U-Net for images, told the time and a condition."""

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
    name="UNet",
    summary="Convolutions at falling and rising resolutions, joined by skips, for images.",
    contract="Network",
    title="U-Net: Convolutional Networks for Biomedical Image Segmentation",
    authors=("Ronneberger, Olaf", "Fischer, Philipp", "Brox, Thomas"),
    year=2015,
    venue="MICCAI",
    link="https://arxiv.org/abs/1505.04597",
)


@dataclass(frozen=True)
class UNet(Network):
    r"""Contracting and expanding convolutions with skips between equal resolutions.

    Every block is residual, with :math:`c` the embedded time and condition:

    .. math:: h \leftarrow P h + K_2\,\mathrm{silu}\big((1 + a_c)\,\mathrm{norm}(K_1\,\mathrm{silu}(\mathrm{norm}(h)))
              + b_c\big)

    where :math:`K_2` starts at zero and :math:`P` is the identity, or a 1 x 1 convolution where channels change.
    Halving is a convolution of stride 2, doubling repeats pixels before a convolution; images of any size fit. The
    last layer starts at zero.

    Parameters
    ----------
    width : int
        Channels at full resolution.
    factors : tuple of int
        Channels of each resolution, in units of ``width``; each next one has half the size.
    depth : int
        Blocks at each resolution, on either side.
    attention : bool
        Whether pixels attend to each other at the lowest resolution.
    patch : int
        Side of the squares of pixels that enter and leave as channels of one place: at 2 the same ``width`` costs about
        a quarter. Images whose size is no multiple are filled up with zeros inside.

    References
    ----------
    Ronneberger, Fischer and Brox (2015), https://arxiv.org/abs/1505.04597; residual blocks and attention as in Ho, Jain
    and Abbeel (2020), https://arxiv.org/abs/2006.11239, appendix B; squares of pixels as channels as in Shi et al.
    (2016), https://arxiv.org/abs/1609.05158

    Examples
    --------
    >>> import torch
    >>> module = UNet(width=8, factors=(1, 2)).build((1, 7, 7), width=4)
    >>> module(torch.randn(5, 1, 7, 7), torch.rand(5), torch.zeros(5, 4)).shape
    torch.Size([5, 1, 7, 7])
    """

    width: int = 32
    factors: tuple[int, ...] = (1, 2, 2)
    depth: int = 1
    attention: bool = True
    patch: int = 1

    def build(self, shape: tuple[int, ...], width: int = 0) -> nn.Module:
        if len(shape) != 3:
            raise BadInput(
                f"UNet takes rows of shape (channels, height, width), got rows of shape {shape}; reshape them, or use "
                "MLP for vectors"
            )
        if self.width < 1 or self.depth < 1 or self.patch < 1 or not self.factors or min(self.factors) < 1:
            raise BadInput(
                f"UNet needs width, depth, patch and factors >= 1, got {self.width}, {self.depth}, {self.patch} and "
                f"{self.factors}"
            )
        channels = shape[0] * self.patch**2
        inside = _UNet(channels, [self.width * f for f in self.factors], self.depth, self.attention, width)
        return inside if self.patch == 1 else _Patched(inside, self.patch)


class _Patched(nn.Module):
    """Squares of pixels as channels, and back."""

    def __init__(self, inside: nn.Module, patch: int) -> None:
        super().__init__()
        self.inside, self.patch = inside, patch

    def forward(self, x: Tensor, time: Tensor, given: Tensor | None = None) -> Tensor:
        height, width = x.shape[-2:]
        filled = functional.pad(x, (0, -width % self.patch, 0, -height % self.patch))
        found = self.inside(functional.pixel_unshuffle(filled, self.patch), time, given)
        return functional.pixel_shuffle(found, self.patch)[..., :height, :width]


class _UNet(nn.Module):
    def __init__(self, channels: int, widths: list[int], depth: int, attention: bool, given: int) -> None:
        super().__init__()
        condition = 4 * widths[0]
        self.time = TimeEmbedding(64)
        self.condition = nn.Sequential(
            nn.Linear(64 + given, condition), nn.SiLU(), nn.Linear(condition, condition), nn.SiLU()
        )
        self.first = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleList()
        before = widths[0]
        for i, w in enumerate(widths):
            self.down.append(nn.ModuleList(_Block(before if k == 0 else w, w, condition) for k in range(depth)))
            if i + 1 < len(widths):
                self.shrink.append(nn.Conv2d(w, w, 3, stride=2, padding=1))
            before = w
        self.middle = nn.ModuleList([_Block(before, before, condition), _Block(before, before, condition)])
        self.attend = _Attention(before) if attention else nn.Identity()
        for i, w in reversed(list(enumerate(widths))):
            self.up.append(nn.ModuleList(_Block((before if k == 0 else w) + w, w, condition) for k in range(depth)))
            if i > 0:
                self.grow.append(nn.Conv2d(w, w, 3, padding=1))
            before = w
        self.norm, self.last = _norm(before), nn.Conv2d(before, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor, time: Tensor, given: Tensor | None = None) -> Tensor:
        condition = [self.time(time)] if given is None else [self.time(time), given]
        c = self.condition(torch.cat(condition, dim=1))
        h, skips = self.first(x), []
        for i, blocks in enumerate(self.down):
            for block in blocks:
                h = block(h, c)
                skips.append(h)
            h = self.shrink[i](h) if i < len(self.shrink) else h
        h = self.middle[1](self.attend(self.middle[0](h, c)), c)
        for i, blocks in enumerate(self.up):
            for block in blocks:
                h = block(torch.cat([h, skips.pop()], dim=1), c)
            if i < len(self.grow):  # to the size of the next skip, which an odd size would otherwise miss
                h = self.grow[i](functional.interpolate(h, size=skips[-1].shape[-2:], mode="nearest"))
        return self.last(functional.silu(self.norm(h)))


class _Block(nn.Module):
    def __init__(self, inside: int, outside: int, condition: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = _norm(inside), nn.Conv2d(inside, outside, 3, padding=1)
        self.norm2, self.conv2 = _norm(outside), nn.Conv2d(outside, outside, 3, padding=1)
        self.shift = nn.Linear(condition, 2 * outside)
        self.pass_on = nn.Identity() if inside == outside else nn.Conv2d(inside, outside, 1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        scale, shift = self.shift(c)[:, :, None, None].chunk(2, dim=1)
        h = self.norm2(self.conv1(functional.silu(self.norm1(x))))
        return self.pass_on(x) + self.conv2(functional.silu(h * (1 + scale) + shift))


class _Attention(nn.Module):
    """Pixels attend to pixels, one head; it adds nothing at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.ask, self.answer = _norm(width), nn.Conv2d(width, 3 * width, 1), nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.ask(self.norm(x)).flatten(2).mT.chunk(3, dim=2)
        found = functional.scaled_dot_product_attention(q, k, v)
        return x + self.answer(found.mT.reshape(x.shape))


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(8, width), width)
