"""zuko's lazy transforms as a density module, started at the identity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.contracts import BadInput
from ecotone.learn import Density, RowRandom


class Composed(Density):
    """A composition of zuko's lazy transforms from standardised rows to standard normal noise.

    ``factor``, lower triangular, is divided out before them.
    """

    factor: Tensor

    def __init__(self, transforms: Sequence[Any], features: int, factor: Tensor | None = None) -> None:
        from zuko.lazy import LazyComposedTransform

        super().__init__()
        self.whitened = factor is not None
        self.register_buffer("factor", torch.eye(features) if factor is None else factor.float())
        self.features = features
        self.transform = LazyComposedTransform(*transforms)
        for one in transforms:
            identity_start(one)

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        if self.whitened:
            z = torch.linalg.solve_triangular(self.factor, z.mT, upper=False).mT
        u, log_volume = self.transform(c).call_and_ladj(z)
        if self.whitened:
            log_volume = log_volume - torch.log(torch.diagonal(self.factor)).sum()
        found: Tensor = log_volume - 0.5 * (u**2).sum(-1) - 0.5 * self.features * math.log(2 * math.pi)
        return found

    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        u = rng.normal((self.features,)).to(next(self.parameters()))
        found: Tensor = self.transform(c).inv(u)
        return found @ self.factor.mT if self.whitened else found


def identity_start(transform: nn.Module) -> None:
    """Zero the last layer of the network that gives a transform's parameters: the flow starts as its base."""
    hyper = getattr(transform, "hyper", None)
    if isinstance(hyper, nn.Sequential):
        nn.init.zeros_(hyper[-1].weight)
        nn.init.zeros_(hyper[-1].bias)


def orders(features: int, transforms: int, seed: int) -> list[Tensor]:
    """The order of columns for each transform: as they come, reversed, then at random (each and its reverse)."""
    rng = torch.Generator().manual_seed(seed)
    found = [torch.arange(features), torch.arange(features).flip(0)]
    while len(found) < transforms:
        order = torch.randperm(features, generator=rng)
        found += [order, features - 1 - order]
    return found[:transforms]


def check_sizes(name: str, transforms: int, hidden: Sequence[int]) -> None:
    """Raises ``BadInput`` for sizes below 1."""
    if transforms < 1 or not hidden or min(hidden) < 1:
        raise BadInput(f"{name} needs transforms >= 1 and hidden layers of width >= 1, got {transforms} and {hidden}")
