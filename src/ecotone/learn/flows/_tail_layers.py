"""Layers that keep light columns light, and a base of normal and Student columns."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ecotone.learn import Density, RowRandom

from ._zuko import identity_start


class BlockLinear(nn.Module):
    """W = [[W1, 0], [W2, W3]] with W1 and W3 products of unit lower and upper triangles, begun at the identity."""

    inside: Tensor

    def __init__(self, d: int, light: int) -> None:
        super().__init__()
        group = torch.arange(d) >= light
        self.register_buffer("inside", (group[:, None] == group[None, :]).float(), persistent=False)
        self.register_buffer("below", (group[:, None] & ~group[None, :]).float(), persistent=False)
        self.lower, self.upper = nn.Parameter(torch.zeros(d, d)), nn.Parameter(torch.zeros(d, d))
        self.mixed = nn.Parameter(1e-4 * torch.randn(d, d))
        self.diagonal = nn.Parameter(torch.full((d,), math.log(math.expm1(1 - 1e-3))))

    def matrix(self) -> tuple[Tensor, Tensor]:
        """W and the log of its determinant."""
        scale = softplus(self.diagonal) + 1e-3
        eye = torch.eye(len(scale), dtype=scale.dtype, device=scale.device)
        lower = torch.tril(self.lower * self.inside, -1) + eye
        upper = torch.triu(self.upper * self.inside, 1) + torch.diag(scale)
        return lower @ upper + self.mixed * self.get_buffer("below"), torch.log(scale).sum()


class TailAdaptive(Density):
    """From rows to a base of the given degrees of freedom (infinite: normal), light columns first."""

    order: Tensor

    def __init__(
        self,
        index: Tensor,
        transforms: int,
        hidden: tuple[int, ...],
        spline: bool,
        width: int,
        *,
        fixed: bool = False,
        shared: bool = False,
    ) -> None:
        from zuko.flows import MaskedAutoregressiveTransform
        from zuko.transforms import MonotonicRQSTransform

        super().__init__()
        d, self.light = len(index), int(torch.isinf(index).sum())
        self.register_buffer("order", torch.argsort((~torch.isinf(index)).long(), stable=True))
        bent: dict[str, Any] = {"univariate": partial(MonotonicRQSTransform, bound=3.0), "shapes": [(3,), (3,), (2,)]}
        self.bends = nn.ModuleList(
            MaskedAutoregressiveTransform(d, width, hidden_features=hidden, **(bent if spline else {}))
            for _ in range(transforms)
        )
        for bend in self.bends:
            identity_start(bend)
        self.turns = nn.ModuleList(BlockLinear(d, self.light) for _ in range(transforms))
        heavy = index[self.order][self.light :].float()
        self.log_df = nn.Parameter(torch.log(heavy[:1] if shared else heavy), requires_grad=not fixed)

    def degrees(self) -> Tensor:
        """(heavy,) degrees of freedom of the base."""
        return torch.exp(self.log_df).expand(len(self.order) - self.light)

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        x, total = z[:, self.order], z.new_zeros(len(z))
        for bend, turn in zip(self.bends, self.turns, strict=True):
            x, log = bend(c).call_and_ladj(x)
            matrix, log_matrix = turn.matrix()
            x, total = x @ matrix.T, total + log + log_matrix
        normal, heavy = x[:, : self.light], x[:, self.light :]
        total = total - 0.5 * (normal**2).sum(1) - 0.5 * self.light * math.log(2 * math.pi)
        df = self.degrees()
        constant = torch.lgamma((df + 1) / 2) - torch.lgamma(df / 2) - 0.5 * torch.log(math.pi * df)
        return total + (constant - (df + 1) / 2 * torch.log1p(heavy**2 / df)).sum(1)

    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        x = rng.normal((self.light,)) if self.light else rng.uniform((0,))
        heavy, df = len(self.order) - self.light, self.degrees()
        if heavy:  # Bailey's polar form of the Student law: differentiable in its degrees of freedom
            u, v = rng.uniform((heavy,)).double(), rng.uniform((heavy,)).double()
            radius = torch.sqrt(df * torch.expm1(-2 / df.double() * torch.log(u)))
            x = torch.cat([x.double(), radius * torch.cos(2 * math.pi * v)], 1)
        x = x.to(self.log_df)
        for bend, turn in zip(reversed(self.bends), reversed(self.turns), strict=True):
            x = torch.linalg.solve(turn.matrix()[0], x.T).T
            x = bend(c).inv(x)
        back: Tensor = x[:, torch.argsort(self.order)]
        return back
