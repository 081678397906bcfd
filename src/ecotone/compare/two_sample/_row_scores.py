"""In-table scores of rows, for tests of dependence: a change between the tables must not look like dependence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Floats, Ints

from ._scored_column import MAX_LEVELS, MIN_LEVEL, ScoredColumn

CHUNK = 1 << 20  # numbers of scores that are held at a time


@dataclass(frozen=True)
class RowScore:
    """One score: of which column, and what it is (``rank``, ``spread``, ``level`` or ``missing``)."""

    column: int
    name: str
    what: str
    code: int = 0


@dataclass(frozen=True)
class RowScores:
    """Every column's scores, centred and of variance 1 within each table.

    An ordered column has its mid-rank in the row's own table and the square of that; a category the indicators of its
    commonest levels; a column with gaps the indicator of a missing value. Ranks and means within a table leave nothing
    of a change *between* the tables, however large, so that what rows still share is dependence.

    Parameters
    ----------
    columns : tuple of ScoredColumn
    n : (int, int)
    """

    columns: tuple[ScoredColumn, ...]
    n: tuple[int, int]
    plan: tuple[RowScore, ...]

    @classmethod
    def of(cls, columns: tuple[ScoredColumn, ...], n: tuple[int, int]) -> RowScores:
        return cls(columns, n, tuple(score for j, c in enumerate(columns) for score in _planned(j, c, sum(n))))

    def __len__(self) -> int:
        return len(self.plan)

    @property
    def weight(self) -> Floats:
        """(n_ref + n_cur,) weights whose sum with a score is the difference of the tables' means."""
        return np.repeat([1 / self.n[0], -1 / self.n[1]], self.n)

    def slices(self, rows: int | None = None) -> Iterator[slice]:
        """Stretches of the plan that are small enough to be held at once."""
        step = max(1, CHUNK // max(sum(self.n) if rows is None else rows, 1))
        return (slice(k, min(k + step, len(self))) for k in range(0, len(self), step))

    def matrix(self, which: slice | Ints, rows: Ints | None = None, *, single: bool = False) -> Floats:
        """(s, rows) some scores, at all rows or at some of the pooled ones; in single precision where asked for."""
        picked = range(len(self))[which] if isinstance(which, slice) else [int(k) for k in which]
        split = self.n[0] if rows is None else int(np.searchsorted(rows, self.n[0]))
        kind = np.float32 if single else np.float64
        out = np.empty((len(picked), sum(self.n) if rows is None else len(rows)), kind)
        held, middles = -1, []
        for row, k in zip(out, picked):
            score = self.plan[k]
            c = self.columns[score.column]
            codes = c.codes if rows is None else c.codes[rows]
            if score.column != held:
                held, middles = score.column, [_middle(counts) for counts in c.counts] if c.ordered else []
            for table, part in enumerate((slice(None, split), slice(split, None))):
                values = _of_codes(score, c.counts[table], middles[table] if c.ordered else None)
                np.take(values.astype(kind, copy=False), codes[part], out=row[part], mode="clip")
        return out


def _planned(j: int, c: ScoredColumn, n: int) -> Iterator[RowScore]:
    seen, gone = c.counts[:, :-1].sum(0), int(c.counts[:, -1].sum())
    if c.ordered:
        distinct = int((seen > 0).sum())
        if distinct > 1:
            yield RowScore(j, c.name, "rank")
        if distinct > 2:
            yield RowScore(j, c.name, "spread")
    else:
        own = [k for k in range(min(len(seen), MAX_LEVELS)) if MIN_LEVEL <= seen[k] <= n - MIN_LEVEL]
        own = own[:1] if len(seen) == 2 and not gone else own  # of two levels one indicator says all
        yield from (RowScore(j, c.name, "level", k) for k in own)
    if MIN_LEVEL <= gone <= n - MIN_LEVEL:
        yield RowScore(j, c.name, "missing")


def _middle(counts: Ints) -> Floats:
    """(size + 1,) mid-ranks in one table, from -1/2 to 1/2."""
    held = counts.astype(np.float64)
    held[-1] = 0
    return np.asarray((np.cumsum(held) - held / 2) / max(held.sum(), 1.0) - 0.5)


def _of_codes(score: RowScore, counts: Ints, middle: Floats | None) -> Floats:
    """(size + 1,) the score of each code in one table, of mean 0 and variance 1 there; 0 where missing."""
    ranked = middle is not None and score.what in ("rank", "spread")
    if ranked:
        assert middle is not None
        values = middle if score.what == "rank" else middle**2
        counts = np.append(counts[:-1], 0)
    else:
        values = np.zeros(len(counts))
        values[score.code if score.what == "level" else -1] = 1.0
    total = max(int(counts.sum()), 1)
    values = values - counts @ values / total
    if ranked:
        values[-1] = 0.0
    scale = float(np.sqrt(counts @ values**2 / total))
    return np.asarray(values / scale) if scale > 1e-9 else np.zeros(len(counts))
