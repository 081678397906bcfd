"""Rows that were drawn together: a column whose values cling to one table while rows that share one are alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from ecotone.contracts import Floats, Ints
from ecotone.data import Pair

from ._excess_variance import Excess, Shared
from ._grouped_sums import Groups, without_means
from ._repeated_values import MOST_ROWS, Exclusive, Repeated, exclusive, level_windows, repeated_values
from ._row_scores import RowScores
from ._serial_dependence import FACTOR

LEVEL = 0.01  # of likeness, over candidates and scores, among levels that already cling to one table
MOST_RANKS = 24  # ordered columns whose likeness is taken together
MOVED_LEVEL = 0.005  # of both tests for levels whose rows moved apart between the tables
FEWEST_SHARED = 100  # levels in both tables for those
MOST_SHARED = 0.5  # of the rows in such levels: below, few rows of a property are alike where a selection acted on it
WORK = 30_000_000  # numbers that the tests of moved levels may read in all
RANK_NOISE = 12.0  # times 1/n + 1/m: four times the variance of a rank score for being taken in its own table
MOST = 0.8  # share of exclusive levels, beyond chance, from which nearly all are


@dataclass(frozen=True)
class Sampled:
    """What was found of one column that may name what rows were drawn by.

    Parameters
    ----------
    column : Repeated
    lone : Exclusive
        Its levels of two rows and more that are in one table only.
    pvalue, factor : float
        Of the likeness of rows that share a level: over candidates and scores; and of the variance of the difference.
        NaN where levels recur as independent rows would have them, so that likeness does no harm.
    detected : bool
    alike : bool
        Whether rows that share a level were shown to be alike; nearly all levels in one table only are told without.
    """

    column: Repeated
    lone: Exclusive
    pvalue: float
    factor: float
    detected: bool
    alike: bool = False


def entity_tests(pair: Pair, scores: RowScores, unit: Ints | None = None, *, seed: int = 0) -> list[Sampled]:
    """Each column whose values repeat: are rows drawn by it?

    A level that independent rows hold falls on both tables in proportion, and then its rows' likeness cancels in every
    difference. Harm needs both: levels in one table only beyond chance, and rows of a level alike. Levels in both
    tables do harm where their rows changed between the tables, level by level (a panel with an effect of its own).

    Parameters
    ----------
    unit : (n_ref + n_cur,) int64, optional
        Rows already kept together; by default each row is on its own.
    """
    columns = repeated_values(pair, seed)
    source = np.array([pair.reference[s.name].derived_from or s.name for s in scores.plan], dtype=object)
    rows = sum(min(len(c.level), MOST_ROWS) for c in columns)
    per_column = max(8, WORK // max(rows, 1))
    out = []
    for k, column in enumerate(columns):
        picked = np.flatnonzero(source != column.name)  # a column says nothing of itself, nor what was made from it
        few = picked[_spread(len(picked), per_column, k)]
        out.append(_judged(scores, _Held.of(pair, column, unit), picked, len(columns), few))
    return out


def entity(found: list[Sampled]) -> Sampled | None:
    """Of the columns that rows were drawn by, the one that ties them most."""
    sampled = [f for f in found if f.detected]
    if not sampled:
        return None
    return max(sampled, key=lambda f: (f.lone.xi >= MOST, np.nan_to_num(f.factor, nan=1.0)))


@dataclass(frozen=True)
class _Held:
    """A candidate with the rows that have a value: their level, table, unit, and window of values."""

    column: Repeated
    rows: Ints
    level: Ints
    unit: Ints | None
    counts: Ints
    window: Ints | None

    @classmethod
    def of(cls, pair: Pair, column: Repeated, unit: Ints | None) -> _Held:
        there = column.level >= 0
        rows = np.flatnonzero(there) if column.rows is None else column.rows[there]
        level = column.level[there]
        units = None if unit is None else unit[rows]
        size = int(level.max()) + 1
        single, of_row = level, rows
        if units is not None:  # a unit counts once in a level
            first = np.unique(level * (int(units.max()) + 1) + units, return_index=True)[1]
            single, of_row = level[first], rows[first]
        current = of_row >= pair.n[0]
        counts = np.stack([np.bincount(single[~current], minlength=size), np.bincount(single[current], minlength=size)])
        return cls(column, rows, level, units, counts, level_windows(counts) if column.ordered else None)

    def thinned(self, split: int) -> _Held:
        """Some rows, evenly, of every level, where there are very many: what they share is then seen as less."""
        if len(self.rows) <= MOST_ROWS or self.unit is not None:
            return self
        some = np.arange(0, len(self.rows), -(-len(self.rows) // MOST_ROWS))
        rows, level, size = self.rows[some], self.level[some], self.counts.shape[1]
        current = rows >= split
        counts = np.stack([np.bincount(level[~current], minlength=size), np.bincount(level[current], minlength=size)])
        return replace(self, rows=rows, level=level, counts=counts)

    @property
    def all_rows(self) -> Ints | None:
        return None if self.column.rows is None and len(self.rows) == len(self.column.level) else self.rows

    def scores(self, scores: RowScores, which: Ints) -> Iterator[Floats]:
        """(s, rows) of the scores asked for, less what neighbouring values of an ordered column share."""
        step = max(1, (1 << 20) // max(len(self.rows), 1))
        groups = None if self.window is None else Groups.of(self.window[self.level])
        for k in range(0, len(which), step):
            x = scores.matrix(which[k : k + step], self.all_rows)
            yield x if groups is None else without_means(x, groups)


def _judged(scores: RowScores, held: _Held, picked: Ints, candidates: int, few: Ints) -> Sampled:
    lone, lone5 = (exclusive(held.counts, held.window, m) for m in (2, 5))
    most = (lone.z >= 4 or lone.disjoint or lone.xi >= 0.95) and lone.xi >= MOST and lone.few >= 10
    some = (
        lone5.levels >= 60 and lone5.z >= 4 and lone5.xi >= 0.08 and lone5.seen - lone5.expected >= 20
        and lone5.few >= 5
    )  # fmt: skip
    named = most and lone.few >= 20 and held.column.tested and not held.column.ordered
    pvalue = factor = np.nan
    harm = False
    if (most or some) and len(picked):
        found = _likeness(scores, held, picked, lone_only=True)
        p = np.minimum(found.pvalue * candidates * len(picked) * 2, 1.0)
        alike = (p <= LEVEL) & (found.factor >= FACTOR)
        best = int(np.where(alike, found.factor, -1).argmax()) if alike.any() else int(p.argmin())
        pvalue, factor = float(p[best]), float(found.factor[best])
        together, mean_factor = _likeness_of_ranks(scores, held, picked)
        if not alike.any() and together * candidates * 2 < pvalue:
            pvalue, factor = together * candidates * 2, mean_factor
        harm = pvalue <= LEVEL and factor >= FACTOR
    elif len(few):
        moved = _moved(scores, held, few, candidates)
        if moved is not None:
            return Sampled(held.column, lone, *moved, True, True)
    return Sampled(held.column, lone, pvalue, factor, named or harm, harm)


def _likeness_of_ranks(scores: RowScores, held: _Held, picked: Ints) -> tuple[float, float]:
    """Of all ordered columns together (some of them where they are very many): slight likeness adds up."""
    ranks = picked[np.array([scores.plan[k].what == "rank" for k in picked], bool)]
    most = int(min(MOST_RANKS, max(2, (2 * WORK / max(len(held.rows), 1)) ** 0.5)))
    ranks = ranks[_spread(len(ranks), most, 0)]
    if not len(ranks):
        return 1.0, 1.0
    x = np.concatenate(list(held.scores(scores, ranks)))
    return Shared.of(_lone(held), held.unit).joint(x * scores.weight[held.rows])


def _lone(held: _Held) -> Ints:
    """Levels of one table; a row of another, whose pairs cancel on average, stands alone."""
    return np.where((held.counts.min(0) == 0)[held.level], held.level, -1)


def _likeness(scores: RowScores, held: _Held, picked: Ints, *, lone_only: bool = False) -> Excess:
    """Score by score, of rows that share a level."""
    level = _lone(held) if lone_only else held.level
    shared, weight = Shared.of(level, held.unit), scores.weight[held.rows]
    found = [shared.excess(x * weight) for x in held.scores(scores, picked)]
    return Excess(np.concatenate([f.pvalue for f in found]), np.concatenate([f.factor for f in found]))


def _moved(scores: RowScores, held: _Held, picked: Ints, candidates: int) -> tuple[float, float] | None:
    """Levels of both tables whose rows differ between them by more than the tables do, and are alike by that."""
    held = held.thinned(scores.n[0])
    both = (held.counts.min(0) > 0) & (held.counts.sum(0) >= 3)
    picked = picked[np.array([scores.plan[k].what == "rank" for k in picked], bool)]
    if both.sum() < FEWEST_SHARED or not len(picked) or held.unit is not None:
        return None
    if held.counts[:, both].sum() < MOST_SHARED * held.counts.sum():
        return None
    bar = MOVED_LEVEL / (candidates * len(picked))
    current = held.rows >= scores.n[0]
    cells = Groups.of(np.where(both[held.level], 2 * held.level + current, -1), 2 * len(both))
    count = held.counts.T[both].astype(np.float64)
    noise = RANK_NOISE * (1 / scores.n[0] + 1 / scores.n[1])
    apart = np.concatenate([_interaction(x, cells, both, count, noise) for x in held.scores(scores, picked)])
    hits = picked[apart <= bar]
    if not len(hits):
        return None
    found = _likeness(scores, held, hits)
    sure = (found.pvalue <= bar) & (found.factor >= FACTOR)
    if not sure.any():
        return None
    best = int(np.where(sure, found.factor, -1).argmax())
    return min(float(found.pvalue[best]) * candidates * len(picked), 1.0), float(found.factor[best])


def _interaction(x: Floats, cells: Groups, both: Floats, count: Floats, noise: float) -> Floats:
    """P-values of the F test of level by table against rows within both.

    ``noise`` is the variance that a value's rank has for being taken in its own table: a score that is a function of
    the level varies between tables by that much and within both not at all.
    """
    sums = cells.sums(x).reshape(len(x), -1, 2)[:, both]
    square = cells.sums(x**2).sum(1)
    weight = count.prod(1) / count.sum(1)
    gap = sums[:, :, 0] / count[:, 0] - sums[:, :, 1] / count[:, 1]
    between = (weight * gap**2).sum(1) - (weight * gap).sum(1) ** 2 / weight.sum()
    within = square - (sums**2 / count).sum((1, 2))
    df = len(count) - 1.0, max(float(count.sum()) - 2 * len(count), 1.0)
    expected = np.maximum(within / df[1], 1e-12) + noise * weight.sum() / df[0]
    return np.asarray(special.fdtrc(*df, between / df[0] / expected))


def _spread(total: int, most: int, k: int) -> Ints:
    """At most ``most`` positions of ``total``, evenly, others for each k."""
    if total <= most:
        return np.arange(total)
    return np.unique((np.arange(most) * total // most + k) % total)
