"""One exact test of whether any current row ranks too low, before single rows are named."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from ecotone.contracts import Floats, Ints

_RARE = 1e-4  # chance of the first cutoff being all current rows
_SHARES = (0.01, 0.05, 0.20)  # a few rows far out, or many a little
_PERMUTATIONS = 1999  # p-values down to 1 / 2000, a tenth of the share that rows have of alpha = .05
_MANY_UNITS = 5000


def global_test(scores: Sequence[Floats], n: int, units: Ints | None, rng: np.random.Generator) -> float:
    """P-value of current rows being no lower than calibration rows, exact for exchangeable rows (or units).

    Among the k lowest of the pooled scores the number of current rows is hypergeometric; k takes five values fixed
    in advance and Bonferroni's bound joins them and the scores. Where rows come in units, the units are permuted.

    Parameters
    ----------
    scores : sequence of (n + m,) arrays
        The n calibration rows first; each a function that treats all n + m rows alike.
    units : (n + m,) int64 or None
    """
    if units is not None and len(np.unique(units)) > _MANY_UNITS:
        keep = _one_of_each(units, rng)
        scores, n, units = [s[keep] for s in scores], int((keep < n).sum()), None
    if n == 0 or len(scores[0]) == n:
        return 1.0
    if units is not None:
        return _permuted([_order(s, rng) for s in scores], n, units, rng)
    total = len(scores[0])
    ks = _cutoffs(n, total - n)
    least = min(float(stats.hypergeom.sf(_low(s, n, k, rng) - 1, total, total - n, k)) for s in scores for k in ks)
    return min(1.0, least * len(ks) * len(scores))


def smallest_pvalue(n: int, m: int, k: int, scores: int) -> float:
    """What ``global_test`` gives if k of m current rows rank lowest and the others as the n calibration rows do."""
    total, ks = n + m, _cutoffs(n, m)
    current = [min(k, c) + max(c - k, 0) * (m - k) // max(total - k, 1) for c in ks]
    least = min(float(stats.hypergeom.sf(x - 1, total, m, c)) for x, c in zip(current, ks))
    return min(1.0, least * len(ks) * scores)


def _cutoffs(n: int, m: int) -> list[int]:
    """Numbers of lowest rows to look at, a function of the sizes alone."""
    total = n + m
    first = math.ceil(math.log(_RARE) / math.log(m / total))
    return sorted({k for k in (first, 4 * first, *(int(share * total) for share in _SHARES)) if 0 < k < total}) or [1]


def _low(scores: Floats, n: int, k: int, rng: np.random.Generator) -> int:
    """Current rows among the k lowest scores, ties dealt at random."""
    edge = np.partition(scores, k - 1)[k - 1]
    below, tied = scores < edge, scores == edge
    rest = k - int(below.sum())
    return int(below[n:].sum()) + int(rng.hypergeometric(tied[n:].sum(), tied[:n].sum(), rest))


def _order(scores: Floats, rng: np.random.Generator) -> Ints:
    """Positions by rising score, ties in random order."""
    shuffled = rng.permutation(len(scores))
    return np.asarray(shuffled[np.argsort(scores[shuffled], kind="stable")])


def _one_of_each(units: Ints, rng: np.random.Generator) -> Ints:
    """A row of each unit, drawn at random, in ascending order."""
    shuffled = rng.permutation(len(units))
    return np.sort(shuffled[np.unique(units[shuffled], return_index=True)[1]])


def _permuted(orders: Sequence[Ints], n: int, units: Ints, rng: np.random.Generator) -> float:
    """Largest standardised excess of low rows among current units, against units dealt out anew."""
    total = len(units)
    _, first, unit = np.unique(units, return_index=True, return_inverse=True)
    current = (first >= n).astype(np.float64)
    low = [np.bincount(unit[order[:k]], minlength=len(first)) for order in orders for k in _cutoffs(n, total - n)]
    size = np.bincount(unit, minlength=len(first))
    counts = np.column_stack([*low, size]).astype(np.float64)
    dealt = rng.permuted(np.tile(current, (_PERMUTATIONS, 1)), axis=1)
    mine = np.vstack([current, dealt]) @ counts
    rest = counts.sum(0) - mine
    excess = mine[:, :-1] / np.maximum(mine[:, -1:], 1) - rest[:, :-1] / np.maximum(rest[:, -1:], 1)
    spread = excess.std(0)
    top = ((excess - excess.mean(0)) / np.where(spread > 0, spread, 1)).max(1)
    return float((1 + (top[1:] >= top[0] - 1e-12).sum()) / (_PERMUTATIONS + 1))
