"""How far the shares of very many levels moved, with bounds that noise does not inflate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Bools, Floats, Ints, as_seed

from ._scored_column import Every
from ._scores import Design

FOLDS = 5  # so that four fifths of the rows choose the levels; chosen, not tuned
DEALINGS = 2  # of the folds, against the luck of one; chosen, not tuned
TAIL = 1.645  # standard normal quantile of the bounds
WIDER = 1.4  # of the standard error: the folds share rows
ROOM = 0.82  # of the upper bound, over the roots of the sizes


@dataclass(frozen=True)
class TotalVariation:
    """Held-out lower estimate of the total variation, its standard error, and an upper bound."""

    value: float
    se: float
    most: float


def total_variation(design: Design, every: Every) -> TotalVariation:
    r"""Total variation of the levels' shares.

    The plug-in estimate is far above nought for many levels even if nothing changed. So the set S of levels that are
    commoner in the current table is chosen on four fifths of the rows, and

    .. math:: D = P_{cur}(S) - P_{ref}(S) \le TV

    is measured on the fifth that is left, over five folds and two dealings. Whole units are dealt. The upper bound is
    the plug-in estimate, which exceeds the total variation on average, with room for chance.
    """
    rng = as_seed(design.seed, 907)
    found = []
    for _ in range(DEALINGS):
        if design.unit is None or not len(every.codes):
            found += _rows_dealt(every.counts, rng)
        else:
            found += _units_dealt(design.unit, design.units, every, design.n[0], rng)
    gaps, variances, plain = np.array(found).T
    distribution = every.counts / every.counts.sum(1, keepdims=True)
    plugged = 0.5 * float(np.abs(distribution[1] - distribution[0]).sum())
    clustered = max(1.0, float(variances.mean() / max(plain.mean(), 1e-300)))
    room = ROOM * math.sqrt(clustered * float((1 / every.counts.sum(1)).sum()))
    value = max(float(gaps.mean()), 0.0)
    se = max(WIDER * math.sqrt(float(variances.mean()) / FOLDS), 1e-9)
    return TotalVariation(value, se, max(value, min(plugged + room, 1.0)))


def _chosen(counts: Ints) -> Bools:
    """Levels commoner in the current table, and those not seen if it has more levels that occur once."""
    n = counts.sum(1)
    distribution = counts / np.maximum(n, 1)[:, None]
    once = (counts == 1).sum(1) / np.maximum(n, 1)
    return np.asarray((distribution[1] > distribution[0]) | ((counts.sum(0) == 0) & (once[1] > once[0])))


def _rows_dealt(counts: Ints, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Gap, its variance, and the variance of free rows, of each fold; the rows of each level dealt at random."""
    folds = np.stack([rng.multinomial(side, np.full(FOLDS, 1 / FOLDS)) for side in counts]).transpose(2, 0, 1)
    out = []
    for fold in folds:
        n = fold.sum(1)
        if n.min() < 1:
            continue
        share = fold[:, _chosen(counts - fold)].sum(1) / n
        variance = float((_smoothed(share, n) / n).sum())
        out.append((float(share[1] - share[0]), variance, variance))
    return out or [(0.0, 1.0, 1.0)]


def _smoothed(share: Floats, n: Ints) -> Floats:
    """Variance of an indicator; two rows are added so that a share of 0 or 1 has one, too."""
    rate = (share * n + 1) / (n + 2)
    return np.asarray(rate * (1 - rate))


def _units_dealt(
    unit: Ints, units: tuple[int, int], every: Every, first: int, rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    """The same with whole units dealt, and variances of sums over units."""
    fold_of = np.concatenate([rng.permutation(u) % FOLDS for u in units])
    size = every.counts.shape[1]
    seen = every.codes >= 0
    current = (np.arange(len(every.codes)) >= first).astype(np.int64)
    out = []
    for k in range(FOLDS):
        here = seen & (fold_of[unit] == k)
        cell = current[here] * size + every.codes[here]
        fold = np.bincount(cell, minlength=2 * size).reshape(2, size)
        if fold.sum(1).min() < 1:
            continue
        inside = _chosen(every.counts - fold)[every.codes[here]]
        gap, variance, plain = 0.0, 0.0, 0.0
        for t in (0, 1):
            mine = current[here] == t
            n = int(mine.sum())
            share = float(inside[mine].mean())
            free = float(_smoothed(np.array([share]), np.array([n]))[0]) / n
            sums = np.bincount(unit[here][mine], inside[mine] - share)
            clustered = float(sums @ sums) / n**2
            gap += share if t else -share
            variance += max(clustered, free)
            plain += free
        out.append((gap, variance, plain))
    return out or [(0.0, 1.0, 1.0)]
