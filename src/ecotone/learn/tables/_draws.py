"""Rows drawn column by column: along an order, given values and events."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn._random import RowRandom

from ._given import Given
from ._heads import Event, Head
from ._number_codec import NumberCodec
from ._table_codec import TableCodec

Law: TypeAlias = Callable[[Tensor, Tensor, int], Head]
"""``(packed (n, d, 5), seen (n, d), column) -> Head``: the column's law for each row."""
_MOST_TRIES = 500


def draw_rows(law: Law, codec: TableCodec, rng: RowRandom, told: Given) -> tuple[Tensor, Tensor]:
    """Tokens and normal scores ``(n, d)`` of one row for each stream.

    Where several events are to be met, each row is drawn until one is kept: with the probability of the events beyond
    the first, given what was drawn before them.

    Raises
    ------
    BadInput
        For an event that excludes every row, or several that hardly ever hold together.
    """
    n, d = len(rng), len(codec.columns)
    token, z = torch.zeros(n, d, dtype=torch.int64), torch.zeros(n, d, dtype=torch.float64)
    todo = torch.arange(n)
    for attempt in range(_MOST_TRIES if len(told.events) > 1 else 1):
        streams = RowRandom(rng.seed, rng.rows[todo] + (attempt << 40))
        log_keep, t, s = _attempt(law, codec, streams, told.take(todo))
        kept = torch.log(streams.uniform()) <= log_keep
        token[todo[kept]], z[todo[kept]] = t[kept], s[kept]
        todo = todo[~kept]
        if not len(todo):
            return token, z
    names = ", ".join(codec.names[j] for j in told.events)
    raise BadInput(
        f"the conditions on {names} are met together by fewer than about 1 in {_MOST_TRIES} rows; widen one of them"
    )


def _attempt(law: Law, codec: TableCodec, rng: RowRandom, told: Given) -> tuple[Tensor, Tensor, Tensor]:
    """One draw of every row, and the log-probability with which it is to be kept."""
    packed, seen = told.packed.clone(), told.seen.clone()
    log_keep, first = torch.zeros(len(rng), dtype=torch.float64), True
    for j in [*told.events, *(j for j in range(len(codec.columns)) if j not in told.events)]:
        event, draw = told.events.get(j), ~seen[:, j]
        if not bool(draw.any()):
            continue
        head = law(packed, seen, j)
        if event is not None:
            share = head.log_event(event)
            if first and not bool(torch.isfinite(share).all()):
                raise BadInput(f"the condition on {codec.names[j]!r} excludes every row; widen it")
            log_keep, first = log_keep + (0.0 if first else share), False
        new = _as_encoded(codec, j, *head.sample(rng, event))
        packed[draw, j] = new[draw]
        seen[:, j] = True
    return log_keep, packed[:, :, 0].long(), packed[:, :, 1]


def fill_gaps(law: Law, codec: TableCodec, packed: Tensor, seed: int | None) -> list[int]:
    """Draw every missing value of ``packed`` ``(n, d, 5)`` in place, given its row; the columns that had any."""
    seen, rng = packed[:, :, 0] != 0, RowRandom(seed, len(packed))
    held = [j for j in range(len(codec.columns)) if not bool(seen[:, j].all())]
    for j in held:
        tokens = np.arange(codec.columns[j].tokens) > 0
        present = Event.of(tokens, np.array([[-math.inf, math.inf]]))
        for rows in torch.nonzero(~seen[:, j])[:, 0].split(8192):
            head = law(packed[rows], seen[rows], j)
            packed[rows, j] = _as_encoded(codec, j, *head.sample(rng.take(rows), present))
        rng.calls += 4  # the next column's draws are other ones
        seen[:, j] = True
    return held


def _as_encoded(codec: TableCodec, j: int, token: Tensor, z: Tensor) -> Tensor:
    """A draw as the codec encodes the value that it stands for: a lattice point, or one that repeats."""
    own = codec.columns[j]
    if not isinstance(own, NumberCodec) or not own.continuous:
        return torch.stack([token.double(), z, *[torch.zeros_like(z)] * 3], dim=1)
    return torch.as_tensor(own.encode(own.decode(token.numpy(), z.numpy())).packed())
