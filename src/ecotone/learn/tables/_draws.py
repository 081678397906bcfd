"""Rows drawn column by column: along an order, given values and events."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput, Bools
from ecotone.learn import RowRandom

from ._column_distributions import distribution
from ._determined import as_packed, broken, constrain, mended, said, snapped
from ._given import Given
from ._heads import Event, Head
from ._number_codec import NumberCodec
from ._prefixes import Prefixes
from ._table_codec import TableCodec
from ._table_network import Perceptron

_MOST_TRIES, _AGAIN = 500, 30


def draw_rows(module: Perceptron, codec: TableCodec, rng: RowRandom, given: Given) -> tuple[Tensor, Tensor]:
    """Tokens and normal scores ``(n, d)`` of one row for each stream.

    What a rule of the codec says is so. Where several events are to be met, each row is drawn until one is kept: with
    the probability of the events beyond the first, given what was drawn before them.

    Raises
    ------
    BadInput
        For an event that excludes every row, or several that hardly ever hold together.
    """
    n, d = len(rng), len(codec.columns)
    token, z = torch.zeros(n, d, dtype=torch.int64), torch.zeros(n, d, dtype=torch.float64)
    todo, several = torch.arange(n), len(given.events) > 1 or bool(given.events and codec.rules)
    for attempt in range(_MOST_TRIES if several else 1):
        streams = RowRandom(rng.seed, rng.rows[todo] + (attempt << 40))
        log_keep, t, s = _attempt(module, codec, streams, given.take(todo))
        kept = torch.log(streams.uniform()) <= log_keep
        token[todo[kept]], z[todo[kept]] = t[kept], s[kept]
        todo = todo[~kept]
        if not len(todo):
            return token, z
    names = ", ".join(codec.names[j] for j in given.events)
    raise BadInput(
        f"the conditions on {names} are met together by fewer than about 1 in {_MOST_TRIES} rows; widen one of them"
    )


def _attempt(module: Perceptron, codec: TableCodec, rng: RowRandom, given: Given) -> tuple[Tensor, Tensor, Tensor]:
    """One draw of every row, and the log-probability with which it is to be kept."""
    token, z = given.packed[:, :, 0].long(), given.packed[:, :, 1].clone()
    log_keep, first = torch.zeros(len(rng), dtype=torch.float64), True
    prefixes, shown = Prefixes(module, len(rng)), given.seen.any(0).expand(len(rng), -1).clone()
    known = shown[0].tolist()
    for j in (j for j, told_already in enumerate(known) if told_already):
        prefixes.show(j, token[:, j], z[:, j])
    hidden = [j for j, told_already in enumerate(known) if not told_already and j not in given.events]
    for j in [*given.events, *hidden]:
        event, packed = given.events.get(j), torch.stack([token.double(), z], dim=2)
        sure, values = said(codec, j, packed, shown)
        share = torch.zeros(len(rng), dtype=torch.float64)
        if not bool(sure.all()):
            out = prefixes.out(j)
            head = codec.head(out if event is None else out.double(), j)
            one = torch.zeros(len(out), dtype=torch.int64).scatter_(0, prefixes.group, torch.arange(len(rng)))
            constrain(head, codec, j, packed[one], shown[one])
            if event is not None:
                share = head.log_event(event)[prefixes.group].double()
            token[:, j], z[:, j] = _drawn(head, codec, j, rng, (event, prefixes.group), packed, shown)
        if bool(sure.any()):
            new = as_packed(codec, j, values[sure.numpy()])
            token[sure, j], z[sure, j] = new[:, 0].long(), new[:, 1]
        if event is not None:
            held = event.holds(token[:, j], z[:, j], codec.columns[j].continuous)
            share = torch.where(held, torch.where(sure, 0.0, share), -math.inf)
            if first and not bool(torch.isfinite(share).any()):
                raise BadInput(f"the condition on {codec.names[j]!r} excludes every row; widen it")
            log_keep, first = log_keep + torch.where(held & first, 0.0, share), False
        shown[:, j] = True
        prefixes.show(j, token[:, j], z[:, j])
    return log_keep, token, z


def _drawn(
    head: Head,
    codec: TableCodec,
    j: int,
    rng: RowRandom,
    how: tuple[Event | None, Tensor],
    packed: Tensor,
    shown: Tensor,
) -> tuple[Tensor, Tensor]:
    """Column j drawn, again where it says of a shown column what that is not; at last the nearest that does not."""
    event, group = how
    token, z = snapped(codec, j, *_as_encoded(codec, j, *head.sample(rng, event, group)))
    for again in range(_AGAIN):
        wrong = torch.nonzero(broken(codec, j, token, z, packed, shown))[:, 0]
        if not len(wrong):
            return token, z
        streams = RowRandom(rng.seed, rng.rows[wrong] + ((again + 1) << 50))
        streams.calls = rng.calls
        new = snapped(codec, j, *_as_encoded(codec, j, *head.sample(streams, event, group[wrong])))
        token, z = token.index_copy(0, wrong, new[0]), z.index_copy(0, wrong, new[1])
    return mended(codec, j, token, z, packed, shown)


def gapped(packed: Tensor) -> list[int]:
    """The columns of ``packed`` ``(n, d, 5)`` that miss a value somewhere."""
    return [j for j in range(packed.shape[1]) if bool((packed[:, j, 0] == 0).any())]


def fill_gaps(
    module: Perceptron, codec: TableCodec, packed: Tensor, seed: int | None, whole: tuple[int, list[int]] | None = None
) -> dict[int, Bools]:
    """Draw every missing value of ``packed`` ``(n, d, 5)`` in place, given its row; where each column had any.

    Of some rows of a table ``whole`` says the place of the first, and which columns the table misses values in.
    """
    first, held = (0, gapped(packed)) if whole is None else whole
    seen, rng = packed[:, :, 0] != 0, RowRandom(seed, torch.arange(first, first + len(packed)))
    gaps = {j: ~seen[:, j].numpy() for j in held}
    for j in held:
        tokens = np.arange(codec.columns[j].tokens) > 0
        present = Event.of(tokens, np.array([[-math.inf, math.inf]]))
        for rows in torch.nonzero(~seen[:, j])[:, 0].split(8192):
            x, shown = packed[rows], seen[rows]
            sure, values = said(codec, j, x, shown)
            sure &= torch.as_tensor(~np.isnan(values))  # a gap is to be filled, whatever another says
            head, everyone = distribution(module, codec, x, shown, j, present=True), torch.arange(len(rows))
            token, z = _drawn(head, codec, j, rng.take(rows), (present, everyone), x, shown)
            new = as_packed(codec, j, values)
            token, z = torch.where(sure, new[:, 0].long(), token), torch.where(sure, new[:, 1], z)
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
