"""The sparse transport between two samples of one column: what moves beyond noise, and how far."""

from __future__ import annotations

import math

import numpy as np

from ecotone.contracts import Floats

_SWING = 1.75  # Kuiper's distance at level .05, in units of sqrt(1/n_R + 1/n_C)


def fewest_moves(r: Floats, c: Floats, n: tuple[float, float]) -> list[tuple[float, float]]:
    """The fewest rows whose move makes one distribution the other: all common mass stands still.

    With ``g = F_C - F_R`` cleaned of swings within noise, mass ``TV(min(g, 0)) / 2`` moves up and
    ``TV(max(g, 0)) / 2`` down; the areas under both are share times displacement. Returns
    (displacement, share) of one or both directions, the greater first; both samples come sorted.
    """
    points = np.unique(np.concatenate([r, c]))
    g = (np.searchsorted(c, points, side="right") / len(c)) - (np.searchsorted(r, points, side="right") / len(r))
    least = _SWING * math.sqrt(1 / n[0] + 1 / n[1])
    turns = _turns(g, least)
    low, high = (float(quantiles(np.sort(np.concatenate([r, c])), np.array([q]))[0]) for q in (0.002, 0.998))
    step = np.diff(np.clip(points, low, high))
    sides = []
    for sign in (-1.0, 1.0):
        share = 0.5 * float(np.abs(np.diff(np.maximum(sign * turns, 0))).sum())
        if share > 0.5 * least:
            sides.append((-sign * float((np.maximum(sign * g[:-1], 0) * step).sum()) / share, share))
    return sorted(sides, key=lambda side: -abs(side[0] * side[1]))


def _turns(g: Floats, least: float) -> Floats:
    """Values of ``g`` at its turning points, swings smaller than ``least`` ironed out; begins and ends at zero."""
    turns, last, way = [0.0], 0.0, 0.0
    for value in g.tolist():
        if (value - last) * way > 0 or (way == 0 and abs(value - last) > least):
            way, last = (way or math.copysign(1.0, value - last)), value
        elif way and (last - value) * way > least:
            turns.append(last)
            way, last = -way, value
    return np.array([*turns, *([last] if way else []), 0.0])


def weighted_distance(r: Floats, c: Floats, n: tuple[float, float]) -> float:
    """Weighted Kolmogorov-Smirnov distance, away from the outermost five units of the pooled sample."""
    points = np.unique(np.concatenate([r, c]))
    f_r = np.searchsorted(r, points, side="right") / len(r)
    f_c = np.searchsorted(c, points, side="right") / len(c)
    pooled = (n[0] * f_r + n[1] * f_c) / sum(n)
    edge = min(0.25, 5 / sum(n))
    used = (pooled > edge) & (pooled < 1 - edge)
    if not used.any():
        return 0.0
    error = np.sqrt(pooled[used] * (1 - pooled[used]) * (1 / n[0] + 1 / n[1]))
    return float(np.max(np.abs(f_r[used] - f_c[used]) / error))


def quantiles(x: Floats, level: Floats) -> Floats:
    """Values of sorted ``x`` at levels in [0, 1], without interpolating between distinct values."""
    return np.asarray(x[np.clip(np.ceil(level * len(x)).astype(np.int64) - 1, 0, len(x) - 1)])
