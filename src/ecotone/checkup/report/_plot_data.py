"""The numbers behind the report's plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecotone.checkup.document import ColumnEntry, Verdict, convincing, leading
from ecotone.checkup.rows import RowsOutside
from ecotone.contracts import Floats, Ints
from ecotone.data import CODED, NAMED, Column, Pair

MOST_DRAWN = 12
_BINS = 40
_CELLS = 8
_HUGE = 1e300
_WHOLE = 2.0**52  # up to which whole numbers have bins of equally many
_LONG = 12.0  # range over the middle four fifths' range, above which the ends squeeze the rest
_GONE = 0.005  # share of missing values from which on they have a cell of their own


def pictures(both: Pair, verdict: Verdict, entries: Sequence[ColumnEntry], rows: RowsOutside) -> dict[str, Any]:
    """Binned shares of the columns that moved, the pair that changed most, the map of rows."""
    moved = [e.name for e in leading(entries) if e.role != "relation" and e.kind != "embedding"][:MOST_DRAWN]
    shown = {name: column_picture(both.reference[name], both.current[name]) for name in moved}
    pair = convincing(verdict)
    return {
        "columns": shown,
        "pair": None if pair is None else pair_picture(both, *pair.columns),
        "rows": rows.map,
        "named_rows": rows.named,
    }


def column_picture(reference: Column, current: Column) -> dict[str, Any]:
    """Shares of the rows by level (named kinds: the twelve that matter) or by bin or value (ordered kinds)."""
    if reference.kind in NAMED:
        width = max(len(reference.levels), len(current.levels))
        before, after = (_level_shares(c, width) for c in (reference, current))
        first = np.argsort(-(np.abs(after - before) + 0.1 * (after + before)), kind="stable")[:MOST_DRAWN]
        first = first[np.argsort(-before[first], kind="stable")] if reference.kind in CODED else np.sort(first)
        first = first[before[first] + after[first] > 0]
        levels = [current.levels[i] if i < len(current.levels) else reference.levels[i] for i in first]
        return {
            "kind": "levels",
            "levels": levels,
            "of": int(((before + after) > 0).sum()),
            "reference": before[first],
            "current": after[first],
        }
    sides = [_drawable(column.values) for column in (reference, current)]
    values = np.concatenate(sides)
    distinct = np.unique(values[np.isfinite(values)])
    if 1 < len(distinct) <= _BINS and not _even(distinct):
        middles = (distinct[:-1] + distinct[1:]) / 2
        edges, scale = np.concatenate([[-np.inf], middles, [np.inf]]), "values"
    else:
        edges, scale = _edges(values)
        edges = np.maximum.accumulate(edges)  # rounding at the ends of float64 may turn two of them round
    binned = [_bin_shares(side, edges) for side in sides]
    found = {"kind": "bins", "scale": scale, "reference": binned[0], "current": binned[1]}
    if scale == "values":
        return {**found, "values": distinct, "below": [0.0, 0.0], "above": [0.0, 0.0]}
    beyond = [_beyond(side, edges) for side in sides]
    return {**found, "edges": edges, "below": [b[0] for b in beyond], "above": [b[1] for b in beyond]}


def _drawable(values: Floats) -> Floats:
    """Values whose differences and ratios are doubles; what is not finite is not drawn."""
    return np.where(np.isfinite(values), np.clip(values, -_HUGE, _HUGE), np.nan)


def _level_shares(column: Column, width: int) -> Floats:
    codes = column.codes
    counts = np.bincount(codes[codes >= 0], minlength=width)
    return counts / max(1, len(codes))


def _even(distinct: Floats) -> bool:
    """Whether values lie so evenly that a bin each, side by side on a true axis, is readable."""
    gaps = np.diff(distinct)
    return bool(gaps.max() <= 4 * gaps.min())


def _edges(values: Floats) -> tuple[Floats, str]:
    """Bin edges over a range that shows the bulk, and whether they are equal on a linear or a log scale."""
    seen = values[np.isfinite(values)]
    if not len(seen):
        return np.array([0.0, 1.0]), "linear"
    low, p10, p50, p90, high = np.quantile(seen, [0.005, 0.1, 0.5, 0.9, 0.995])
    if low > 0 and high > 12 * p50 and high > 50 * low:
        return np.geomspace(low, high, _BINS + 1), "log"
    if p90 > p10 and high - low > _LONG * (p90 - p10):
        low, high = np.quantile(seen, [0.03, 0.97])
    elif seen.max() - seen.min() <= 1.7 * (high - low):
        low, high = seen.min(), seen.max()
    if low == high:
        low, high = seen.min(), seen.max()
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-280):  # one value, as far as an axis can tell
        low, high = low - max(0.5, 1e-6 * abs(low)), high + max(0.5, 1e-6 * abs(high))
        return np.linspace(low, high, 4), "linear"
    distinct = np.unique(seen[(seen >= low) & (seen <= high)])
    if 1 < len(distinct) <= _BINS and _even(distinct):  # a bin to each value, so that counts do not comb
        between = (distinct[:-1] + distinct[1:]) / 2
        return np.concatenate([[2 * distinct[0] - between[0]], between, [2 * distinct[-1] - between[-1]]]), "linear"
    if max(-low, high) < _WHOLE and np.array_equal(
        distinct, np.round(distinct)
    ):  # whole numbers: bins of equally many of them
        step = max(1, int(np.ceil((high - low + 1) / _BINS)))
        start = np.floor(low) - 0.5
        return start + step * np.arange(int(np.ceil((high + 0.5 - start) / step)) + 1), "linear"
    return np.linspace(low, high, _BINS + 1), "linear"


def _bin_shares(values: Floats, edges: Floats) -> Floats:
    seen = values[np.isfinite(values)]
    return np.histogram(seen, edges)[0] / max(1, len(values))


def _beyond(values: Floats, edges: Floats) -> tuple[float, float]:
    n = max(1, len(values))
    with np.errstate(invalid="ignore"):
        return float((values < edges[0]).sum() / n), float((values > edges[-1]).sum() / n)


def pair_picture(both: Pair, a: str, b: str) -> dict[str, Any]:
    """How much more often cells of two columns go together now, beyond what each column's own shares say."""
    x, y = (_cells(both.reference[name], both.current[name]) for name in (a, b))
    n = both.reference.n
    excess = []
    for part in (slice(None, n), slice(n, None)):
        codes = y["codes"][part] * len(x["names"]) + x["codes"][part]
        joint = np.bincount(codes, minlength=len(x["names"]) * len(y["names"])).astype(np.float64)
        joint = joint.reshape(len(y["names"]), len(x["names"])) / max(1, len(codes))
        excess.append(joint - np.outer(joint.sum(1), joint.sum(0)))
    axes = [{"kind": side["kind"], "names": side["names"]} for side in (x, y)]
    return {"columns": [a, b], "axes": axes, "difference": excess[1] - excess[0]}


def _cells(reference: Column, current: Column) -> dict[str, Any]:
    """Codes of the pooled rows, the names of the codes, and whether they are ranges or levels."""
    values = np.concatenate([reference.values, current.values])
    gone = np.isnan(values)
    if reference.kind not in NAMED:
        codes, names = _ranges(values)
        kind = "ranges"
    else:
        names = []
        codes = np.zeros(len(values), np.int64)
        whole = np.where(gone, 0, values).astype(np.int64)
        counts = np.bincount(whole[~gone])
        order = np.argsort(-counts, kind="stable")
        top = order[: _CELLS if len(order) <= _CELLS else _CELLS - 1]
        levels = current.levels if len(current.levels) > len(reference.levels) else reference.levels
        names = [levels[i] if i < len(levels) else str(i) for i in top]
        place = np.full(len(counts), len(top), np.int64)
        place[top] = np.arange(len(top))
        codes = place[whole]
        if len(order) > len(top):
            names.append("(others)")
        kind = "levels"
    names = names or ["(all)"]
    codes = np.minimum(codes, len(names) - 1)
    if gone.mean() >= _GONE:
        codes = np.where(gone, len(names), codes)
        names = [*names, "(missing)"]
    return {"codes": codes, "names": names, "kind": kind}


def _ranges(values: Floats) -> tuple[Ints, list[str]]:
    seen = values[np.isfinite(values)]
    if not len(seen):
        return np.zeros(len(values), np.int64), ["(all)"]
    cuts = np.unique(np.quantile(seen, np.arange(1, 6) / 6, method="lower"))
    cuts = cuts[cuts < seen.max()]
    ends = [f"{float(f'{c:.3g}'):g}" for c in cuts]
    names = [f"to {e}" for e in ends] + [f"above {ends[-1]}" if ends else "(all)"]
    return np.searchsorted(cuts, values, side="left").astype(np.int64), names
