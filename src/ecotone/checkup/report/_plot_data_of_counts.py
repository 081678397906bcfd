"""The numbers behind the plots of a check without rows: columns drawn from their counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecotone.checkup.document import ColumnEntry, leading
from ecotone.contracts import Floats, Ints
from ecotone.data import Column, ColumnCounts, CountedPair, Cut, Profile

from ._plot_data import MOST_DRAWN, column_picture

_POINTS = 20_000  # that stand for a table's rows


def counted_pictures(
    both: CountedPair, profiles: tuple[Profile, Profile], entries: Sequence[ColumnEntry]
) -> dict[str, Any]:
    """Binned shares of the columns that moved; neither a pair nor a map of rows."""
    columns = {c.name: c for c in both.columns}
    cuts = {cut.name: cut for cut in both.sums[0].cuts.columns}
    drawn = {}
    for name in [e.name for e in leading(entries)][:MOST_DRAWN]:
        sides = [_drawable(columns[name], k, cuts.get(name), profiles[k]) for k in (0, 1)]
        drawn[name] = column_picture(*sides)
    return {"columns": drawn, "pair": None, "rows": {}, "named_rows": []}


def _drawable(c: ColumnCounts, k: int, cut: Cut | None, profile: Profile) -> Column:
    """Values spread as one table's counts are: numbers evenly inside their cells, counts at the cells' upper ends."""
    count = _scaled(c.counts[k])
    if c.levels or cut is None:
        values = np.repeat(np.append(np.arange(len(count) - 1.0), np.nan), count)
        return Column(c.name, c.kind, values, c.levels)
    held = profile[c.name]
    low, high = (float(v) if v is not None else 0.0 for v in (held.low, held.high))
    last = float(cut.edges[-1])
    ends = np.clip(np.append(cut.edges, max(high, last)), low, high)
    if c.kind == "count":  # a cell ends at a value that was seen; the last one begins after one
        values = np.repeat(np.append(ends[:-1], min(last + 1, max(high, last))), count[:-1])
    else:
        values = _even(np.concatenate([[low], ends]), count[:-1])
    return Column(c.name, c.kind, np.append(values, np.full(int(count[-1]), np.nan)))


def _scaled(count: Ints) -> Ints:
    """About ``_POINTS`` in all, in proportion."""
    total = int(count.sum())
    return count if total <= _POINTS else np.rint(count * (_POINTS / total)).astype(np.int64)


def _even(ends: Floats, count: Ints) -> Floats:
    """``count[j]`` values evenly between ``ends[j]`` and ``ends[j + 1]``."""
    start = np.repeat(np.cumsum(count) - count, count)
    part = (np.arange(int(count.sum())) - start + 0.5) / np.repeat(count, count)
    return np.asarray(np.repeat(ends[:-1], count) * (1 - part) + np.repeat(ends[1:], count) * part)
