"""What the network says of a table's columns: one column's law, the chain of several, and the loss it learns by."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import Floats
from ecotone.learn._contracts import Batch

from ._heads import Head
from ._table_codec import TableCodec
from ._table_network import Perceptron

_ROWS = 8192
_ALONG, _AT_RANDOM = 0.5, 0.25  # shares of rows that show the first columns, or any
_NEXT = 0.5  # share of the next column in the loss of the first of these


def law(module: Perceptron, codec: TableCodec, packed: Tensor, seen: Tensor, j: int) -> Head:
    """The law of column j for each row ``(n, d, 5)`` given what it shows ``(n, d)``, in float64."""
    h = module.body(packed[:, :, 0].long(), packed[:, :, 1], seen)
    return codec.head(module.column(h, j).double(), j)


def chain(module: Perceptron, codec: TableCodec, packed: Tensor, seen: Tensor, columns: list[int]) -> Floats:
    """(n,) log-probability of some columns, each given what is seen and the columns before it."""
    total = np.zeros(len(packed))
    with torch.no_grad():
        for rows in torch.arange(len(packed)).split(_ROWS):
            x, shown = packed[rows], seen[rows].clone()
            for j in columns:
                total[rows.numpy()] += law(module, codec, x, shown, j).log_prob(x[:, j]).numpy()
                shown[:, j] = True
    return total


def joint(module: Perceptron, codec: TableCodec, packed: Tensor) -> Floats:
    """(n,) log-probability of whole rows."""
    nothing = torch.zeros(packed.shape[:2], dtype=torch.bool)
    return chain(module, codec, packed, nothing, list(range(packed.shape[1])))


def level_shares(module: Perceptron, codec: TableCodec, packed: Tensor, seen: Tensor, j: int) -> Floats:
    """(n, levels) probabilities of a column's levels, given that it has one."""
    with torch.no_grad():
        parts = [
            torch.exp(law(module, codec, packed[r], seen[r], j).logits) for r in torch.arange(len(packed)).split(_ROWS)
        ]
    p = torch.cat(parts)[:, 1:].numpy()
    return np.asarray(p / p.sum(1, keepdims=True))


class HidingLoss:
    """Mean negative log-likelihood of the hidden columns, or slightly more: values that repeat count by their tokens.

    Half of the rows show the first columns of the order, which is what samples are drawn given, and the next column
    counts for half of their loss. A quarter shows columns at random, any number of them equally likely, and a quarter
    all columns but one, as predictions do.
    """

    def __init__(self, codec: TableCodec) -> None:
        self.codec = codec

    def __call__(self, module: Any, batch: Batch) -> Tensor:
        x, d = batch.x, batch.x.shape[1]
        shown = torch.floor(batch.rng.uniform() * d)
        kind = batch.rng.uniform()
        along, shown = kind < _ALONG, torch.where(kind > _ALONG + _AT_RANDOM, d - 1.0, shown)
        rank = torch.argsort(torch.argsort(batch.rng.uniform((d,)), dim=1), dim=1)
        seen = torch.where(along[:, None], torch.arange(d, device=x.device), rank) < shown[:, None]
        out = module(x[:, :, 0].long(), x[:, :, 1], seen)
        logs = torch.stack([self.codec.head(o, j).log_prob(x[:, j], by_token=True) for j, o in enumerate(out)], dim=1)
        rows = -torch.where(seen, torch.zeros_like(logs), logs).sum(1) / (~seen).sum(1)
        following = -logs.gather(1, shown.long()[:, None])[:, 0]
        rows = torch.where(along, _NEXT * following + (1 - _NEXT) * rows, rows)
        return (rows if batch.weight is None else rows * batch.weight.to(rows)).mean()


def frequencies(codec: TableCodec, packed: Tensor) -> list[Tensor]:
    """Frequencies ``(tokens,)`` of each column's tokens, none of them 0."""
    found = []
    for j, column in enumerate(codec.columns):
        counts = torch.bincount(packed[:, j, 0].long().clamp(min=0), minlength=column.tokens).double() + 0.5
        found.append(counts / counts.sum())
    return found
