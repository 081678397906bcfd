"""Rules between columns at work: what a row's shown columns say of another, and what they leave it."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import Bools, Floats

from ._arrow import ColumnCodec
from ._heads import Head
from ._level_codec import LevelCodec
from ._rules import Rule, encoded, nearest_of, same, values_of
from ._table_codec import TableCodec

BROKEN = 1e-9
"""Probability that a row breaks a rule; its log is what a row that does is short of."""


def said(codec: TableCodec, j: int, packed: Tensor, seen: Tensor) -> tuple[Tensor, Floats]:
    """Rows ``(n,)`` in which a shown column determines column j, and its values there.

    Parameters
    ----------
    packed : (n, d, 5) float64 Tensor
    seen : (n, d) bool Tensor
    """
    rows, values = np.zeros(len(packed), bool), np.full(len(packed), np.nan)
    for rule in codec.rules_to(j):
        i = codec.place(rule.source)
        ask = seen[:, i].numpy() & ~rows
        if ask.any():
            y, says = _apply(codec, rule, packed[torch.as_tensor(ask)])
            at = np.flatnonzero(ask)[says]
            rows[at], values[at] = True, y[says]
    return torch.as_tensor(rows), values


def _apply(codec: TableCodec, rule: Rule, packed: Tensor) -> tuple[Floats, Bools]:
    source, target = (codec.columns[codec.place(name)] for name in (rule.source, rule.target))
    x = _values(source, packed[:, codec.place(rule.source)])
    y, says = rule.apply(x, source, target.unit > 0)
    return y, says & (packed[:, codec.place(rule.source), 0].numpy() >= 0)


def _values(codec: ColumnCodec, packed: Tensor) -> Floats:
    return values_of(codec, packed[:, 0].long().clamp(min=0).numpy(), packed[:, 1].numpy())


def as_packed(codec: TableCodec, j: int, values: Floats) -> Tensor:
    """(n, 5) column j's rows of such values."""
    return torch.as_tensor(encoded(codec.columns[j], values).packed())


def agree(codec: TableCodec, j: int, packed: Tensor, values: Floats) -> Tensor:
    """(n,) whether the rows have these values in column j."""
    return torch.as_tensor(same(_values(codec.columns[j], packed[:, j]), values) & (packed[:, j, 0].numpy() >= 0))


def constrain(head: Head, codec: TableCodec, j: int, packed: Tensor, seen: Tensor, *, present: bool = False) -> None:
    """Leave the head of column j only tokens with which the rules say what the row shows; others have probability 0.

    The last token of numbers, which stands for many of them, is left, and that of rare levels where one of them is. A
    row that would be left nothing (with ``present``: but a missing value) keeps all.
    """
    allowed = np.ones(head.logits.shape, bool)
    own = codec.columns[j]
    for rule in codec.rules_from(j):
        t = codec.place(rule.target)
        rows = seen[:, t].numpy()
        if rows.any():
            y = _values(codec.columns[t], packed[:, t])
            wanted, place = np.unique(y[rows], return_inverse=True)
            allowed[rows] &= np.array([_tokens(rule, codec, own, v) for v in wanted])[place]
    left_some = allowed & torch.isfinite(head.logits).numpy()
    allowed[~left_some[:, int(present) :].any(1)] = True
    if not allowed.all():
        left = torch.where(torch.as_tensor(allowed), head.logits, torch.full_like(head.logits, -math.inf))
        head.logits = torch.log_softmax(left, dim=1)


def _tokens(rule: Rule, codec: TableCodec, own: ColumnCodec, wanted: float) -> Bools:
    """Tokens ``(tokens,)`` with which the rule can say ``wanted``."""
    target = codec.columns[codec.place(rule.target)]
    known = np.arange(len(own.levels) + len(own.rare)) * 1.0 if isinstance(own, LevelCodec) else own.atoms
    y, says = rule.apply(np.concatenate([[np.nan], known]), own, target.unit > 0)
    fits = ~says | same(y, wanted)
    if isinstance(own, LevelCodec):
        kept = len(own.levels) + 1
        return np.append(fits[:kept], fits[kept:].any()) if own.rare else fits
    return np.append(fits, True) if own.continuous else fits


def snapped(codec: TableCodec, j: int, token: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """A draw of column j, numbers moved to the nearest that the tables know which are asked with them."""
    own = codec.columns[j]
    rules = [rule for rule in codec.rules_from(j) if rule.kind == "table" and not rule.part]
    if not rules or isinstance(own, LevelCodec):
        return token, z
    x = values_of(own, token.numpy(), z.numpy())
    for rule in rules:
        x = np.where(np.isnan(x), x, nearest_of(rule.keys, np.where(np.isnan(x), 0, x)))
    return _moved(codec, j, token, z, x)


def broken(codec: TableCodec, j: int, token: Tensor, z: Tensor, packed: Tensor, seen: Tensor) -> Tensor:
    """Rows ``(n,)`` whose value of column j says of a shown column what it is not."""
    x, wrong = values_of(codec.columns[j], token.numpy(), z.numpy()), np.zeros(len(token), bool)
    for rule in codec.rules_from(j):
        t = codec.place(rule.target)
        y, says = rule.apply(x, codec.columns[j], codec.columns[t].unit > 0)
        wrong |= seen[:, t].numpy() & says & ~same(y, _values(codec.columns[t], packed[:, t]))
    return torch.as_tensor(wrong)


def mended(codec: TableCodec, j: int, token: Tensor, z: Tensor, packed: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Such rows with the nearest value that is known of column j and breaks no rule, where there is one."""
    wrong = broken(codec, j, token, z, packed, seen).numpy()
    if not wrong.any():
        return token, z
    own, rules = codec.columns[j], codec.rules_from(j)
    x, known = values_of(own, token.numpy(), z.numpy()), codec.known[own.name]
    places = [codec.place(rule.target) for rule in rules]
    says = [rule.apply(known, own, codec.columns[t].unit > 0) for rule, t in zip(rules, places, strict=True)]
    wanted = np.column_stack([_values(codec.columns[t], packed[:, t]) for t in places])
    wanted = np.where(seen[:, places].numpy(), wanted, np.inf)  # whatever it is
    different, place = np.unique(wanted[wrong], axis=0, return_inverse=True)
    rows = np.flatnonzero(wrong)
    for i, asked in enumerate(different):
        fits = [~condition | same(y, v) for (y, condition), v in zip(says, asked, strict=True) if not np.isinf(v)]
        keys, at = known[np.logical_and.reduce(fits)], rows[place.ravel() == i]
        if len(keys):
            x[at] = nearest_of(keys, np.where(np.isnan(x[at]), keys[0], x[at]))
    return _moved(codec, j, token, z, x)


def _moved(codec: TableCodec, j: int, token: Tensor, z: Tensor, x: Floats) -> tuple[Tensor, Tensor]:
    """A draw with other values where they are others."""
    moved = ~same(values_of(codec.columns[j], token.numpy(), z.numpy()), x)
    if moved.any():
        new = as_packed(codec, j, x[moved])
        token, z = token.clone(), z.clone()
        token[torch.as_tensor(moved)], z[torch.as_tensor(moved)] = new[:, 0].long(), new[:, 1]
    return token, z
