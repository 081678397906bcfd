"""Rows drawn column by column: along an order, given values and events."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput, Bools
from ecotone.learn._random import RowRandom

from ._given import Given
from ._heads import Event
from ._laws import law
from ._number_codec import NumberCodec
from ._prefixes import Prefixes
from ._table_codec import TableCodec
from ._table_network import Perceptron

_MOST_TRIES = 500


def draw_rows(module: Perceptron, codec: TableCodec, rng: RowRandom, told: Given) -> tuple[Tensor, Tensor]:
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
        log_keep, t, s = _attempt(module, codec, streams, told.take(todo))
        kept = torch.log(streams.uniform()) <= log_keep
        token[todo[kept]], z[todo[kept]] = t[kept], s[kept]
        todo = todo[~kept]
        if not len(todo):
            return token, z
    names = ", ".join(codec.names[j] for j in told.events)
    raise BadInput(
        f"the conditions on {names} are met together by fewer than about 1 in {_MOST_TRIES} rows; widen one of them"
    )


def _attempt(module: Perceptron, codec: TableCodec, rng: RowRandom, told: Given) -> tuple[Tensor, Tensor, Tensor]:
    """One draw of every row, and the log-probability with which it is to be kept."""
    token, z = told.packed[:, :, 0].long(), told.packed[:, :, 1].clone()
    log_keep, first = torch.zeros(len(rng), dtype=torch.float64), True
    prefixes, known = Prefixes(module, len(rng)), told.seen.any(0).tolist()
    for j in (j for j, told_already in enumerate(known) if told_already):
        prefixes.show(j, token[:, j], z[:, j])
    hidden = [j for j, told_already in enumerate(known) if not told_already and j not in told.events]
    for j in [*told.events, *hidden]:
        event, out = told.events.get(j), prefixes.out(j)
        head = codec.head(out if event is None else out.double(), j)
        if event is not None:
            share = head.log_event(event)[prefixes.group].double()
            if first and not bool(torch.isfinite(share).all()):
                raise BadInput(f"the condition on {codec.names[j]!r} excludes every row; widen it")
            log_keep, first = log_keep + (0.0 if first else share), False
        token[:, j], z[:, j] = _as_encoded(codec, j, *head.sample(rng, event, prefixes.group))
        prefixes.show(j, token[:, j], z[:, j])
    return log_keep, token, z


def fill_gaps(module: Perceptron, codec: TableCodec, packed: Tensor, seed: int | None) -> dict[int, Bools]:
    """Draw every missing value of ``packed`` ``(n, d, 5)`` in place, given its row; where each column had any."""
    seen, rng = packed[:, :, 0] != 0, RowRandom(seed, len(packed))
    held = [j for j in range(len(codec.columns)) if not bool(seen[:, j].all())]
    gaps = {j: ~seen[:, j].numpy() for j in held}
    for j in held:
        tokens = np.arange(codec.columns[j].tokens) > 0
        present = Event.of(tokens, np.array([[-math.inf, math.inf]]))
        for rows in torch.nonzero(~seen[:, j])[:, 0].split(8192):
            head = law(module, codec, packed[rows], seen[rows], j)
            token, z = _as_encoded(codec, j, *head.sample(rng.take(rows), present))
            packed[rows, j, :2] = torch.stack([token.double(), z], dim=1)
        rng.calls += 4  # the next column's draws are other ones
        seen[:, j] = True
    return gaps


def _as_encoded(codec: TableCodec, j: int, token: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """A draw as the codec encodes the value that it stands for: a lattice point, or one that repeats."""
    own = codec.columns[j]
    if not isinstance(own, NumberCodec) or not own.continuous:
        return token, z
    scores = torch.as_tensor(own.scores)
    rest = token == own.tokens - 1
    z = torch.where(rest, z, scores[token.clamp(max=len(scores) - 1)])
    if own.unit:
        coded = own.encode(own.decode(token[rest].numpy(), z[rest].numpy()))
        token = token.masked_scatter(rest, torch.as_tensor(coded.token))
        z = z.masked_scatter(rest, torch.as_tensor(coded.z))
    return token, z
