"""What the network says of a table: one column's distribution, the chain of several, and the loss it learns by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import Floats
from ecotone.learn import Batch

from ._determined import BROKEN, agree, as_packed, constrain, said
from ._heads import Head
from ._table_codec import TableCodec
from ._table_network import Perceptron

_ROWS = 8192
_ALONG, _AT_RANDOM = 0.5, 0.25  # shares of rows that show the first columns, or any
_NEXT = 0.5  # share of the next column in the loss of the first of these


def distribution(
    module: Perceptron, codec: TableCodec, packed: Tensor, seen: Tensor, j: int, *, present: bool = False
) -> Head:
    """The distribution of column j for each row ``(n, d, 5)`` given what it shows ``(n, d)``, in float64.

    With ``present``, where a value must be there.
    """
    h = module.body(packed[:, :, 0].long(), packed[:, :, 1], seen)
    head = codec.head(module.column(h, j).double(), j)
    constrain(head, codec, j, packed, seen, present=present)
    return head


def chain(module: Perceptron, codec: TableCodec, packed: Tensor, seen: Tensor, columns: list[int]) -> Floats:
    """(n,) log-probability of some columns, each given what is seen and the columns before it."""
    total = np.zeros(len(packed))
    with torch.no_grad():
        for rows in torch.arange(len(packed)).split(_ROWS):
            x, shown = packed[rows], seen[rows].clone()
            for j in columns:
                found = distribution(module, codec, x, shown, j).log_prob(x[:, j])
                condition, values = said(codec, j, x, shown)
                kept = agree(codec, j, x, values)
                ruled = torch.where(kept, math.log1p(-BROKEN), math.log(BROKEN) + found)
                total[rows.numpy()] += torch.where(condition, ruled, found).numpy()
                shown[:, j] = True
    return total


def joint(module: Perceptron, codec: TableCodec, packed: Tensor) -> Floats:
    """(n,) log-probability of whole rows."""
    nothing = torch.zeros(packed.shape[:2], dtype=torch.bool)
    return chain(module, codec, packed, nothing, list(range(packed.shape[1])))


def level_shares(module: Perceptron, codec: TableCodec, packed: Tensor, seen: Tensor, j: int) -> Floats:
    """(n, levels) probabilities of a column's levels, given that it has one."""
    parts = []
    with torch.no_grad():
        for r in torch.arange(len(packed)).split(_ROWS):
            p = torch.exp(distribution(module, codec, packed[r], seen[r], j).logits)
            condition, values = said(codec, j, packed[r], seen[r])
            sure = as_packed(codec, j, values)[:, 0].long()
            condition = condition & (sure > 0)
            certain = (1 - BROKEN) * torch.nn.functional.one_hot(sure.clamp(min=0), p.shape[1]) + BROKEN * p
            parts.append(torch.where(condition[:, None], certain, p))
    shares = torch.cat(parts)[:, 1:].numpy()
    return np.asarray(shares / shares.sum(1, keepdims=True))


class HidingLoss:
    """Mean negative log-likelihood of the hidden columns, or slightly more: values that repeat count by their tokens.

    Columns that a shown one determines count nothing.

    Half of the rows show the first columns of the order, which is what samples are drawn given, and the next column
    counts for half of their loss. A quarter shows columns at random, any number of them equally likely, and a quarter
    all columns but one, as predictions do.
    """

    def __init__(self, codec: TableCodec) -> None:
        self.codec = codec
        self.says = torch.zeros(len(codec.columns), len(codec.columns), dtype=torch.bool)
        for rule in codec.rules:
            self.says[codec.place(rule.source), codec.place(rule.target)] = True

    def __call__(self, module: Any, batch: Batch) -> Tensor:
        x, d = batch.x, batch.x.shape[1]
        shown = torch.floor(batch.rng.uniform() * d)
        kind = batch.rng.uniform()
        along, shown = kind < _ALONG, torch.where(kind > _ALONG + _AT_RANDOM, d - 1.0, shown)
        rank = torch.argsort(torch.argsort(batch.rng.uniform((d,)), dim=1), dim=1)
        seen = torch.where(along[:, None], torch.arange(d, device=x.device), rank) < shown[:, None]
        out = module(x[:, :, 0].long(), x[:, :, 1], seen)
        logs = torch.stack([self.codec.head(o, j).log_prob(x[:, j], by_token=True) for j, o in enumerate(out)], dim=1)
        sure = (seen[:, :, None] & self.says.to(seen.device)).any(1)  # what rules say is nothing to learn
        asked = ~seen & ~sure
        rows = -torch.where(asked, logs, torch.zeros_like(logs)).sum(1) / asked.sum(1).clamp(min=1)
        following = -torch.where(sure, torch.zeros_like(logs), logs).gather(1, shown.long()[:, None])[:, 0]
        rows = torch.where(along, _NEXT * following + (1 - _NEXT) * rows, rows)
        return (rows if batch.weight is None else rows * batch.weight.to(rows)).mean()


def frequencies(codec: TableCodec, packed: Tensor) -> list[Tensor]:
    """Frequencies ``(tokens,)`` of each column's tokens, none of them 0."""
    found = []
    for j, column in enumerate(codec.columns):
        counts = torch.bincount(packed[:, j, 0].long().clamp(min=0), minlength=column.tokens).double() + 0.5
        found.append(counts / counts.sum())
    return found
