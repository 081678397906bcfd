"""The DDPM++ U-Net of EDM's checkpoints, built from the names and shapes of its weights."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecotone.contracts import BadInput

_NAME = re.compile(r"(enc|dec)\.(\d+)x(\d+)_(conv|down|up|block\d+|in[01]|aux_norm|aux_conv)\.")


class SongUNet(nn.Module):
    """``forward(x, time, given)`` with the time that EDM's preconditioning gives, and classes as one-hot rows."""

    def __init__(self, weights: Mapping[str, Tensor], where: str) -> None:
        super().__init__()
        if unknown := [n for n in weights if not n.startswith("map_") and not _NAME.match(n)]:
            raise BadInput(
                f"{where}: {unknown[0]!r} is not of the DDPM++ layout (SongUNet with standard encoder and decoder); "
                "other networks can not be read"
            )
        try:
            emb, condition = weights["map_layer0.weight"].shape
            self.map_layer0, self.map_layer1 = nn.Linear(condition, emb), nn.Linear(emb, emb)
            self.map_label = (
                nn.Linear(weights["map_label.weight"].shape[1], condition) if _has(weights, "map_label") else None
            )
            self.enc = nn.ModuleDict(_part(name, "enc", weights) for name in _parts("enc", weights))
            self.dec = nn.ModuleDict(_part(name, "dec", weights) for name in _parts("dec", weights))
            first = next(iter(self.enc))
            self.size, self.channels = int(first.split("x")[0]), weights[f"enc.{first}.weight"].shape[1]
        except (KeyError, StopIteration, ValueError) as error:
            raise BadInput(f"{where}: no SongUNet can be made of these weights, {error} is missing") from None

    @property
    def classes(self) -> int:
        """How many classes it was trained with; 0: none."""
        return 0 if self.map_label is None else self.map_label.in_features

    def forward(self, x: Tensor, time: Tensor, given: Tensor | None = None) -> Tensor:
        half = self.map_layer0.in_features // 2
        rates = 10_000 ** (-torch.arange(half, device=x.device).to(time) / (half - 1))
        angles = time[:, None] * rates
        c = torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
        if self.map_label is not None:
            condition = x.new_zeros(len(x), self.classes) if given is None else given
            c = c + self.map_label(condition * math.sqrt(self.classes))
        c = functional.silu(self.map_layer1(functional.silu(self.map_layer0(c))))
        kept: list[Tensor] = []
        for part in self.enc.values():
            x = part(x, c) if isinstance(part, _Block) else part(x)
            kept.append(x)
        for name, part in self.dec.items():
            if name.endswith("aux_conv"):
                x = functional.silu(x)
            elif isinstance(part, _Block) and part.inside != x.shape[1]:
                x = torch.cat([x, kept.pop()], dim=1)
            x = part(x, c) if isinstance(part, _Block) else part(x)
        return x


class _Block(nn.Module):
    """A residual block, whose sums are divided by the root of 2; it may halve or double the size first."""

    def __init__(self, own: Mapping[str, Tensor], change: str) -> None:
        super().__init__()
        outside, self.inside = own["conv0.weight"].shape[:2]
        self.change = change
        self.norm0, self.conv0 = _norm(self.inside), nn.Conv2d(self.inside, outside, 3, padding=1)
        self.affine = nn.Linear(own["affine.weight"].shape[1], outside)
        self.norm1, self.conv1 = _norm(outside), nn.Conv2d(outside, outside, 3, padding=1)
        self.skip = nn.Conv2d(self.inside, outside, 1) if "skip.weight" in own else None
        self.attends = "qkv.weight" in own
        if self.attends:
            self.norm2, self.qkv = _norm(outside), nn.Conv2d(outside, 3 * outside, 1)
            self.proj = nn.Conv2d(outside, outside, 1)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        h = self.conv0(self._resized(functional.silu(self.norm0(x))))
        h = self.conv1(functional.silu(self.norm1(h + self.affine(c)[:, :, None, None])))
        x = self._resized(x)
        x = ((x if self.skip is None else self.skip(x)) + h) * math.sqrt(0.5)
        if not self.attends:
            return x
        q, k, v = self.qkv(self.norm2(x)).reshape(len(x), x.shape[1], 3, -1).permute(2, 0, 3, 1)
        seen = functional.scaled_dot_product_attention(q, k, v).mT.reshape(x.shape)
        return (x + self.proj(seen)) * math.sqrt(0.5)

    def _resized(self, x: Tensor) -> Tensor:
        if self.change == "up":
            return functional.interpolate(x, scale_factor=2.0, mode="nearest")
        return functional.avg_pool2d(x, 2) if self.change == "down" else x


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(min(32, width // 4), width, eps=1e-6)


def _has(weights: Mapping[str, Tensor], name: str) -> bool:
    return f"{name}.weight" in weights


def _parts(way: str, weights: Mapping[str, Tensor]) -> list[str]:
    """Names of the parts in the order in which they run: by falling size on the way down, by rising on the way up."""
    names = {name.split(".")[1] for name in weights if name.startswith(f"{way}.")}

    def place(name: str) -> tuple[int, int, int]:
        size, _, kind = name.partition("_")
        side = int(size.split("x")[0])
        number = int(re.sub(r"\D", "", kind) or 0)
        order = {"conv": 0, "down": 0, "up": 0, "in": 0, "block": 1, "aux_norm": 2, "aux_conv": 3}
        return (-side if way == "enc" else side), order[re.sub(r"\d", "", kind)], number

    return sorted(names, key=place)


def _part(name: str, way: str, weights: Mapping[str, Tensor]) -> tuple[str, nn.Module]:
    start = f"{way}.{name}."
    own = {key[len(start) :]: value for key, value in weights.items() if key.startswith(start)}
    kind = name.partition("_")[2]
    if "conv0.weight" in own:
        return name, _Block(own, kind)
    if kind == "aux_norm":
        return name, _norm(len(own["weight"]))
    outside, inside = own["weight"].shape[:2]
    return name, nn.Conv2d(inside, outside, 3, padding=1)
