"""One column of both tables as codes, and the scores of a code: bounded functions of pooled ranks and levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.data import ORDERED, Kind
from ecotone.data._fast_searchsorted import fast_searchsorted

BINS = 1024  # cut points per ordered column once sorting it would cost more than binning
SORTED_UP_TO = 50_000  # pooled rows; beyond, ranks are those of BINS quantile bins
MIN_LEVEL = 10  # pooled rows that a level needs for an indicator of its own
MAX_LEVELS = 12  # with indicators, as in the study before the first version; the others are pooled
ID_LEVELS = 200  # a category with more levels is tested for its missing values only
CELLS = 1 << 15  # of the grid that stands in for a binary search
TAIL = 4.0  # clip of the exponential tail scores, so that their products stay bounded


@dataclass(frozen=True)
class Every:
    """All levels of a category of many, or values of a number: rows of each table in each, and each row's.

    Parameters
    ----------
    counts : (2, k) int64
    codes : (n_ref + n_cur,) int64
        -1 where missing; empty where there are counts alone.
    """

    counts: Ints
    codes: Ints


@dataclass(frozen=True)
class ScoredColumn:
    """One column of both tables as codes into a table of scores.

    Parameters
    ----------
    codes : (n_ref + n_cur,) int32
        Reference rows first. Ordered kinds: rank among the pooled distinct values (or bins); coded kinds: rank of
        the level by pooled count, so that the code tells nothing about the table. ``size`` where missing.
    size : int
        Number of codes.
    counts : (2, size + 1) int64
        Rows of each table with each code; the last is "missing".
    lut : (size + 1, s) float64
        The scores of each code, of mean 0 and variance 1 over the pooled rows.
    what : tuple of str
        ``L1`` to ``L4`` (Legendre), ``normal``, ``up``, ``low`` (exponential), ``infinite``, ``missing``,
        ``level:<name>``.
    levels : tuple of str
        In the order of the codes (coded kinds).
    every : Every or None
        Of a category of many levels, none merged; of an ordered column whose values repeat.
    """

    name: str
    kind: Kind
    codes: NDArray[np.int32]
    size: int
    counts: Ints
    lut: Floats
    what: tuple[str, ...]
    levels: tuple[str, ...] = ()
    every: Every | None = None

    @property
    def ordered(self) -> bool:
        return self.kind in ORDERED

    @property
    def missing(self) -> tuple[float, float]:
        """Missing rate of each table."""
        rate = self.counts[:, -1] / np.maximum(self.counts.sum(1), 1)
        return float(rate[0]), float(rate[1])


def encode(
    name: str, kind: Kind, values: Floats, n_ref: int, levels: tuple[str, ...] = (), seed: int = 0
) -> ScoredColumn:
    """Codes and scores of one pooled column; which rows belong to which table decides nothing but ``counts``."""
    if kind in ORDERED:
        codes, size, ends = _codes_ordered(values, seed)
        names: tuple[str, ...] = ()
    else:
        codes, size, names = _codes_levels(values, levels)
    counts = np.stack([np.bincount(part, minlength=size + 1) for part in (codes[:n_ref], codes[n_ref:])])
    if kind in ORDERED:
        lut, what = _ordered_scores(counts.sum(0), ends)
    else:
        lut, what = _level_scores(counts.sum(0), names)
    return ScoredColumn(name, kind, codes, size, counts, lut, what, names)


def _codes_ordered(values: Floats, seed: int) -> tuple[NDArray[np.int32], int, tuple[bool, bool]]:
    """Codes, their number, and whether the first and the last stand for infinite values."""
    gone = np.isnan(values)
    seen = values[~gone] if gone.any() else values
    ends = bool(np.isneginf(seen).any()), bool(np.isposinf(seen).any())
    if len(values) <= SORTED_UP_TO:
        distinct, inverse = np.unique(seen, return_inverse=True)
        size = len(distinct)
    else:
        inverse, size = _binned(seen, ends, seed)
    if not gone.any():
        return inverse.astype(np.int32), size, ends
    codes = np.full(len(values), size, np.int32)
    codes[~gone] = inverse
    return codes, size, ends


def _binned(seen: Floats, ends: tuple[bool, bool], seed: int) -> tuple[Ints, int]:
    """Quantile bins of the finite values; infinite ones have bins of their own."""
    finite = seen[np.isfinite(seen)] if any(ends) else seen
    part = finite if len(finite) <= 20 * BINS else finite[as_seed(seed, 901).integers(0, len(finite), 20 * BINS)]
    cuts = np.unique(np.quantile(part, np.arange(1, BINS) / BINS, method="lower")) if len(part) else part
    size = len(cuts) + 1
    inverse = fast_searchsorted(finite, cuts, cells=CELLS, right=True) if len(cuts) else np.zeros(len(finite), np.int64)
    if not any(ends):
        return inverse, size
    codes = np.where(seen > 0, size + ends[0], 0).astype(np.int64)
    codes[np.isfinite(seen)] = inverse + ends[0]
    return codes, size + sum(ends)


def _codes_levels(values: Floats, levels: tuple[str, ...]) -> tuple[NDArray[np.int32], int, tuple[str, ...]]:
    gone = np.isnan(values)
    raw = np.where(gone, 0, values).astype(np.int64)
    top = max(len(levels), int(raw.max(initial=0)) + 1)
    count = np.bincount(raw[~gone], minlength=top)
    # The given order may follow the reference; one that follows the pooled counts cannot leak the table.
    names = tuple(levels) + tuple(str(k) for k in range(len(levels), top))
    order = np.lexsort((np.array(names), -count))
    rank = np.empty(top, np.int64)
    rank[order] = np.arange(top)
    size = int((count > 0).sum())
    return np.where(gone, size, rank[raw]).astype(np.int32), size, tuple(names[k] for k in order[:size])


def _ordered_scores(count: Ints, ends: tuple[bool, bool] = (False, False)) -> tuple[Floats, tuple[str, ...]]:
    if (count[:-1] == 1).all():
        return _scores_without_ties(len(count) - 1, int(count[-1]))
    return _scores_by_count(count, ends)


@lru_cache(maxsize=8)
def _scores_without_ties(distinct: int, gone: int) -> tuple[Floats, tuple[str, ...]]:
    """One table of scores for all columns without ties: they are most of a wide table's memory and time."""
    lut, what = _scores_by_count(np.append(np.ones(distinct, np.int64), gone))
    lut.flags.writeable = False
    return lut, what


def _scores_by_count(count: Ints, ends: tuple[bool, bool] = (False, False)) -> tuple[Floats, tuple[str, ...]]:
    seen, total = count[:-1], int(count[:-1].sum())
    distinct = int((seen > 0).sum())
    columns: list[Floats] = []
    what: list[str] = []
    if distinct > 1:
        u = np.clip((np.cumsum(seen) - seen / 2) / total, 1e-12, 1 - 1e-12)  # bins may be empty
        t = 2 * u - 1
        shapes = [t, (3 * t**2 - 1) / 2, (5 * t**3 - 3 * t) / 2, (35 * t**4 - 30 * t**2 + 3) / 8]
        columns += shapes[: min(4, distinct - 1)]
        what += [f"L{k + 1}" for k in range(min(4, distinct - 1))]
        columns.append(special.ndtri(u))
        what.append("normal")
        if distinct >= 5:
            columns += [np.minimum(-np.log1p(-u), TAIL), np.minimum(-np.log(u), TAIL)]
            what += ["up", "low"]
        if any(ends):
            flag = np.zeros(len(seen))
            flag[: int(ends[0])] = flag[len(seen) - int(ends[1]) :] = 1
            if MIN_LEVEL <= flag @ seen <= total - MIN_LEVEL:
                columns.append(flag)
                what.append("infinite")
    return _finish(columns, what, count)


def _level_scores(count: Ints, names: tuple[str, ...]) -> tuple[Floats, tuple[str, ...]]:
    seen = count[:-1]
    columns: list[Floats] = []
    what: list[str] = []
    if 1 < len(names) <= ID_LEVELS:
        own = [k for k in range(len(seen)) if seen[k] >= MIN_LEVEL][:MAX_LEVELS]
        rest = np.ones(len(seen))
        rest[own] = 0
        columns = [np.eye(len(seen))[k] for k in own]
        what = [f"level:{names[k]}" for k in own]
        if rest @ seen >= MIN_LEVEL:
            columns.append(rest)
            what.append("level:(other)")
        if len(columns) == 2 and not rest.any():  # two levels: one indicator says all
            columns, what = columns[:1], what[:1]
    return _finish(columns, what, count)


def _finish(columns: list[Floats], what: list[str], count: Ints) -> tuple[Floats, tuple[str, ...]]:
    """Mean 0 and variance 1 over the observed rows, 0 where missing; then the indicator of "missing"."""
    seen, total = count[:-1], max(int(count[:-1].sum()), 1)
    kept, names = [], []
    for column, name in zip(columns, what):
        centred = column - seen @ column / total
        scale = math.sqrt(seen @ centred**2 / total)
        if scale > 1e-9:
            kept.append(np.append(centred / scale, 0.0))
            names.append(name)
    gone, n = int(count[-1]), int(count.sum())
    if MIN_LEVEL <= gone <= n - MIN_LEVEL:
        rate = gone / n
        flag = np.full(len(count), -rate)
        flag[-1] = 1 - rate
        kept.append(flag / math.sqrt(rate * (1 - rate)))
        names.append("missing")
    lut = np.column_stack(kept) if kept else np.empty((len(count), 0))
    return lut, tuple(names)
