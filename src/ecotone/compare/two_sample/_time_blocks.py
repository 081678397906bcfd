"""Blocks of consecutive rows that are longer than what autocorrelations say that rows stay alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Floats, Ints
from ecotone.data import thread_map

from ._minp import log_two_sided
from ._scores import Design

LAGS = (1, 2, 3, 5, 8, 13, 21, 34)  # Fibonacci numbers: dense where memory is short, few in all; chosen, not tuned
BIAS = 0.03  # of a block's variance, from what neighbouring blocks share
BLOCKS = 20  # per table, below which relabelling blocks says little
SCORES = frozenset({"L1", "L2", "level", "missing"})
PIECE = 1 << 16  # rows up to which autocorrelations are computed in double precision and in one piece


@dataclass(frozen=True)
class Lagged:
    """Autocorrelations of one score in each table, at the lags of that table; None where they say nothing."""

    column: str
    r: tuple[Floats | None, Floats | None]


def lagged(design: Design, order: tuple[Ints, ...] | None) -> list[Lagged]:
    """Each score's autocorrelations, centred within its table, in the order given."""

    def one(picked: tuple[int, list[int]]) -> list[Lagged]:
        c, n_ref = design.columns[picked[0]], design.n[0]
        halves = c.codes[:n_ref], c.codes[n_ref:]
        if order is not None:
            halves = halves[0][order[0]], halves[1][order[1]]
        return [
            Lagged(c.name, (_autocorrelation(c.lut[:, s], halves[0]), _autocorrelation(c.lut[:, s], halves[1])))
            for s in picked[1][:6]
        ]

    picked = list(design.picked(SCORES))
    return [found for part in thread_map(one, picked, values=sum(design.n) * len(picked)) for found in part]


def _autocorrelation(score: Floats, codes: NDArray[np.int32]) -> Floats | None:
    n = len(codes)
    kind = np.float64 if n <= PIECE else np.float32
    x = np.take(np.asarray(score, dtype=kind), codes, mode="clip")
    x -= x.mean(dtype=np.float64)
    power = _dot(x, x)
    if not _lags(n) or not _usable(x, power):
        return None
    return np.array([_dot(x[:-k], x[k:]) / power if power > 0 else 0.0 for k in _lags(n)])


def _dot(x: NDArray[Any], y: NDArray[Any]) -> float:
    """The inner product, piece by piece: a piece stays in the processor's cache for all lags."""
    if len(x) <= PIECE:
        return float(x @ y)
    return math.fsum(float(x[i : i + PIECE] @ y[i : i + PIECE]) for i in range(0, len(x), PIECE))


def _lags(n: int) -> tuple[int, ...]:
    return tuple(k for k in LAGS if k <= n // 10)


def _usable(x: NDArray[Any], power: float) -> bool:
    """Products of a rare level with itself are too heavy-tailed for a normal autocorrelation."""
    power /= len(x)
    return power > 1e-9 and max(float(x.max()), -float(x.min())) ** 2 / power <= 1.2 * math.sqrt(len(x))


def persistence(series: list[Lagged], n: tuple[int, int]) -> tuple[float, str]:
    """The strongest autocorrelation as the coefficient of a first-order chain, over scores whose lags are sure."""
    lags = _lags(min(n))
    bar = 1e-3 / max(1, len(series) * len(lags))
    best, where = 0.0, ""
    for found in series:
        before, after = found.r
        if before is None or after is None:
            continue
        r = np.sum([m * x[: len(lags)] for m, x in zip(n, (before, after))], axis=0) / sum(n)
        chain = min(max(float(r[0]), 0.0), 0.95) ** 2  # Bartlett: dependence widens every later lag's own error
        se = math.sqrt((1 + chain) / (1 - chain) / sum(n))
        sure = (r > 0) & (log_two_sided(r / se) <= math.log(bar))
        if sure.any():
            low = np.maximum(r[sure] - 2 * se, 1e-3)  # the largest of many estimates is too large
            phi = float((low ** (1 / np.array(lags)[sure])).max())
            if phi > best:
                best, where = phi, found.column
    return min(best, 0.9999), where


def blocks(n: tuple[int, int], order: tuple[Ints, ...], phi: float) -> tuple[tuple[Ints, Ints], int, bool]:
    """Blocks of consecutive rows in each table, the length they should have, and whether enough of it fit."""
    shared = 2 * phi / (1 - phi**2)  # bias of a block's variance, times its length
    wanted = max(2, math.ceil(shared / BIAS))
    most = max(2, min(n) // BLOCKS)
    enough = wanted <= most or most >= shared / (BIAS + 0.02)
    length = min(wanted, most)  # too short is said, and still better than rows
    units = _cut(order, length)
    enough = enough and min(int(u.max()) + 1 for u in units) >= BLOCKS
    return units, length if enough else wanted, enough


def longer(n: tuple[int, int], order: tuple[Ints, ...], length: int) -> tuple[tuple[Ints, Ints], int] | None:
    """Blocks twice as long, while enough of them fit."""
    if 2 * max(length, 1) > min(n) // BLOCKS:
        return None
    return _cut(order, 2 * max(length, 1)), 2 * max(length, 1)


def _cut(order: tuple[Ints, ...], length: int) -> tuple[Ints, Ints]:
    units = []
    for rows in order:
        unit = np.empty(len(rows), np.int64)
        unit[rows] = np.minimum(np.arange(len(rows)) // length, max(len(rows) // length - 1, 0))
        units.append(unit)
    return units[0], units[1]
