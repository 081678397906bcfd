"""What rows that are drawn column by column have shown so far: every different prefix is read once."""

from __future__ import annotations

import torch
from torch import Tensor

from ._table_network import Perceptron

_ROWS = 4096  # at a time through the network: what fits the cache


class Prefixes:
    """The shown columns of ``n`` rows.

    The first layer of the network is linear in its columns, so that a new column only adds to it. Rows that have shown
    the same share one reading: nearly all rows do while only columns of few levels are shown.

    Attributes
    ----------
    group : (n,) int64 Tensor
        Which of the different prefixes each row has.
    """

    def __init__(self, module: Perceptron, n: int) -> None:
        self.module, self.first = module, module.blank()
        self.group = torch.zeros(n, dtype=torch.int64)

    def show(self, j: int, token: Tensor, z: Tensor) -> None:
        """Show column j of every row: tokens and normal scores ``(n,)``."""
        key = self.group * (int(token.max()) + 1) + token
        if bool(self.module.ordered[j]):
            scores, place = torch.unique(z, return_inverse=True)
            key = key * len(scores) + place
        different, group = torch.unique(key, return_inverse=True)
        one = torch.empty_like(different).scatter_(0, group, torch.arange(len(group)))  # a row of each
        self.first = self.first[self.group[one]] + self.module.shown(j, token[one], z[one])
        self.group = group

    def out(self, j: int) -> Tensor:
        """The network's output for column j, one row for each different prefix."""
        return torch.cat([self.module.column(self.module.deep(h), j) for h in self.first.split(_ROWS)])
