"""The numbers behind the report's plots."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.compare.tests import TwoTables
from ecotone.contracts import Floats
from ecotone.data import CODED, ORDERED, Column, Pair

from ._performance import Performance
from ._rows import RowsOutside

_SHOWN = 12
_BINS = 40


def pictures(
    both: Pair,
    verdict: TwoTables,
    entries: list[dict[str, Any]],
    rows: RowsOutside,
    quality: Performance | None,
) -> dict[str, Any]:
    """Binned shares of the columns that moved, the pair that changed most, the map of rows."""
    moved = [e["name"] for e in entries if e["role"] in ("moved", "moved with others")][:_SHOWN]
    shown = {name: column_picture(both.reference[name], both.current[name]) for name in moved}
    pair = next(((a, b) for a, b, p, _ in verdict.pairs if verdict.changed and p <= 0.05 and a != b), None)
    return {
        "columns": shown,
        "pair": None if pair is None else pair_picture(both, *pair),
        "rows": rows.map,
        "named_rows": rows.index,
    }


def column_picture(reference: Column, current: Column) -> dict[str, Any]:
    """Shares of the rows by bin (ordered kinds) or level (coded kinds, the commonest twelve)."""
    if reference.kind in CODED:
        shares = [_level_shares(c) for c in (reference, current)]
        first = np.argsort(-(shares[0] + shares[1]), kind="stable")[:_SHOWN]
        levels = [reference.levels[i] for i in first]
        return {"kind": "levels", "levels": levels, "reference": shares[0][first], "current": shares[1][first]}
    edges = _edges(np.concatenate([reference.values, current.values]))
    binned = [_bin_shares(column.values, edges) for column in (reference, current)]
    return {"kind": "bins", "edges": edges, "reference": binned[0], "current": binned[1]}


def _level_shares(column: Column) -> Floats:
    codes = column.codes
    counts = np.bincount(codes[codes >= 0], minlength=len(column.levels))
    return counts / max(1, len(codes))


def _edges(values: Floats) -> Floats:
    seen = values[np.isfinite(values)]
    if not len(seen):
        return np.array([0.0, 1.0])
    low, high = np.quantile(seen, [0.005, 0.995])
    if low == high:
        low, high = seen.min(), seen.max()
    if low == high:
        low, high = low - 0.5, high + 0.5
    distinct = np.unique(seen[(seen >= low) & (seen <= high)])
    if len(distinct) <= _BINS and len(distinct) > 1:  # a bin to each value, so that counts do not comb
        between = (distinct[:-1] + distinct[1:]) / 2
        return np.concatenate([[2 * distinct[0] - between[0]], between, [2 * distinct[-1] - between[-1]]])
    return np.linspace(low, high, _BINS + 1)


def _bin_shares(values: Floats, edges: Floats) -> Floats:
    seen = np.clip(values[np.isfinite(values)], edges[0], edges[-1])
    return np.histogram(seen, edges)[0] / max(1, len(values))


def pair_picture(both: Pair, a: str, b: str) -> dict[str, Any]:
    """Current less reference shares on a grid of pooled ranks (ordered) or levels (coded)."""
    cells, sizes = [], []
    for name in (a, b):
        codes = _cells(both.reference[name], both.current[name])
        cells.append(codes)
        sizes.append(int(max(codes.max(), 0)) + 1)
    n = both.reference.n
    grids = []
    for part in (slice(None, n), slice(n, None)):
        x, y = cells[0][part], cells[1][part]
        seen = (x >= 0) & (y >= 0)
        flat = np.bincount(y[seen] * sizes[0] + x[seen], minlength=sizes[0] * sizes[1])
        grids.append(flat.reshape(sizes[1], sizes[0]) / max(1, seen.sum()))
    return {"columns": [a, b], "difference": grids[1] - grids[0]}


def _cells(reference: Column, current: Column, bins: int = 12) -> np.ndarray[Any, np.dtype[np.int64]]:
    values = np.concatenate([reference.values, current.values])
    if reference.kind in ORDERED:
        cuts = np.unique(np.nanquantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
        codes = np.searchsorted(cuts, values, side="right")
    else:
        codes = np.minimum(np.nan_to_num(values, nan=0), bins - 1)
    return np.where(np.isnan(values), -1, codes).astype(np.int64)
