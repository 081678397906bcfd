"""Which rows are copies of other rows, which repeat by nature, and which of them take part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import Bools, Ints, as_seed

from ._chance import beyond_chance, chance_explains
from ._pooled_column import PooledColumn
from ._repeat_test import LEVEL, MOST, judge
from ._row_groups import RowGroups, different, tell_apart

_FEWEST_GROUPS = 20  # groups that must all repeat alike before a whole file is taken for one appended to itself


@dataclass(frozen=True)
class Copies:
    """Which pooled rows take part, and why.

    Parameters
    ----------
    keep : (n_ref + n_cur,) bool
    stand_in : (n_cur,) int64 or None
        For each current row the pooled position of a row that takes part and equals it in all columns that both
        tables have: its own if it takes part. None where every row takes part.
    times : (int, int)
        How often each whole table is repeated in itself (1: it is not).
    left_out : (int, int)
        Rows of each table that are copies and take no part.
    repeats : (int, int)
        Rows that take part and equal an earlier one of their table that does.
    overlap : int
        Rows of current that take part and equal one of the reference's, not by chance.
    pvalue : float or None
        Of equal rows falling on the two tables as rows do that repeat by nature; None: there was nothing to judge.
    decidable : bool
        Whether so many groups were judged that copies could have been told from rows that repeat by nature.
    commonest : (int, int)
        How often the commonest row of each table takes part.
    """

    keep: Bools
    stand_in: Ints | None = None
    times: tuple[int, int] = (1, 1)
    left_out: tuple[int, int] = (0, 0)
    repeats: tuple[int, int] = (0, 0)
    overlap: int = 0
    pvalue: float | None = None
    decidable: bool = False
    commonest: tuple[int, int] = (1, 1)

    @property
    def refuted(self) -> bool:
        """Whether equal rows do not fall on the tables as rows that repeat by nature do."""
        return self.pvalue is not None and self.pvalue <= LEVEL

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready counts."""

        def sides(values: tuple[int, int]) -> dict[str, int]:
            return dict(zip(("reference", "current"), values))

        return {
            **sides(self.left_out),
            "overlap": self.overlap,
            "kept": sides(self.repeats),
            "times": sides(self.times),
            "commonest": sides(self.commonest),
            "pvalue": self.pvalue,
        }


def find_copies(reference: pa.Table, current: pa.Table, raws: Mapping[str, PooledColumn], *, seed: int = 0) -> Copies:
    """Tell copies from rows that repeat by nature, and choose the rows that take part.

    Under an unchanged distribution equal rows that repeat by nature fall on the two tables as any rows do, and all of
    them take part. Copies do not: they stay in the table in which they were made. So rows are left out only where

    * every row of a table occurs a multiple of q times, at least twenty different rows: one in q takes part;
    * or groups of equal rows that do not agree by chance are refuted to repeat by nature (:func:`judge`, level .001):
      of each group one row drawn at random from both tables takes part; groups too large to be copies are values of
      the distribution, and as large a share of their rows is left out at random as copies make of the other rows.

    Parameters
    ----------
    reference, current : pyarrow.Table
    raws : mapping of str to PooledColumn
        The columns that both tables have, pooled.
    seed : int

    Returns
    -------
    Copies

    Notes
    -----
    Equal means equal in every column of the table, also in those that the other table lacks.
    """
    n, total = reference.num_rows, reference.num_rows + current.num_rows
    rows = tell_apart(reference, current, raws)
    keep = np.ones(total, dtype=bool)
    if rows is None:
        return Copies(keep)
    times = tuple(_times(own, keep[half]) for own, half in zip(rows.own, rows.halves))
    firsts = rows.group == np.arange(total)
    of = (np.cumsum(firsts) - 1)[rows.group]
    sizes = int(firsts.sum())
    counts = np.stack([np.bincount(of[h][keep[h]], minlength=sizes) for h in rows.halves])
    classes = [np.bincount(of[h][own == np.arange(len(own))], minlength=sizes) for h, own in zip(rows.halves, rows.own)]
    whole = np.stack(classes) <= 1
    able = _able(rows, keep, counts.sum(0), firsts, of)
    found, candidates = judge(counts, able, whole)
    if found.copied:
        rng = as_seed(seed, 41)
        _one_of_each(rows, keep, of, counts, candidates, whole[0] & whole[1], rng)
        _thin(rows, keep, of, counts, able & (counts.sum(0) <= found.limit), found.limit, rng)
    left_out = int(n - keep[:n].sum()), int(total - n - keep[n:].sum())
    kept = [own[keep[h]] for h, own in zip(rows.halves, rows.own)]
    return Copies(
        keep,
        stand_in=_stand_ins(rows, keep, of) if sum(left_out) else None,
        times=(times[0], times[1]),
        left_out=left_out,
        repeats=(len(kept[0]) - different(kept[0], n), len(kept[1]) - different(kept[1], total - n)),
        overlap=_overlap(rows, keep, of, counts.sum(0) <= found.limit),
        pvalue=found.pvalue if found.groups else None,
        decidable=found.decidable,
        commonest=(int(np.bincount(kept[0]).max(initial=0)), int(np.bincount(kept[1]).max(initial=0))),
    )


def _times(own: Ints, keep: Bools) -> int:
    """How often a whole table is repeated in itself; all but the first repetition is taken out of ``keep``."""
    sizes = np.bincount(own)
    sizes = sizes[sizes > 0]
    times = int(np.gcd.reduce(sizes)) if len(sizes) >= _FEWEST_GROUPS else 1
    if times >= 2:
        order = np.argsort(own, kind="stable")
        ends = np.cumsum(sizes)
        place = np.arange(len(own)) - np.repeat(ends - sizes, sizes)
        keep[order] = place < np.repeat(sizes // times, sizes)
    return max(times, 1)


def _able(rows: RowGroups, keep: Bools, sizes: Ints, firsts: Bools, of: Ints) -> Bools:
    """(groups,) whether a group's rows are few enough to be copies and do not agree by chance."""
    able = sizes <= MOST
    if not rows.keys or not (able & (sizes >= 2)).any():
        return np.zeros(len(sizes), bool)
    among = np.flatnonzero(keep & able[of])
    heads = np.flatnonzero(firsts)[able]
    beyond = beyond_chance(rows.keys, len(heads), heads, rows.blanks, None if len(among) == len(keep) else among)
    repeated = sizes[able] >= 2
    if not beyond[repeated].all() and not chance_explains(rows.keys, among):
        beyond[:] = True
    able[able] = beyond
    return able


def _one_of_each(
    rows: RowGroups, keep: Bools, of: Ints, counts: Ints, candidates: Bools, whole: Bools, rng: np.random.Generator
) -> None:
    """One row of each candidate group, from a table drawn by the group's numbers of rows; its first row there.

    Rows of a group that differ in columns of one table only are no copies: each different one stays.
    """
    current = rng.random(len(candidates)) * counts.sum(0) >= counts[0]
    at = np.flatnonzero(keep & candidates[of])
    chosen = at[whole[of[at]] & ((at >= rows.split) == current[of[at]])]
    own = np.concatenate([rows.own[0], rows.own[1] + rows.split])
    differ = at[~whole[of[at]] & (own[at] == at)]
    keep[at] = False
    keep[chosen[np.unique(of[chosen], return_index=True)[1]]] = True
    keep[differ] = True


def _thin(
    rows: RowGroups, keep: Bools, of: Ints, counts: Ints, small: Bools, limit: int, rng: np.random.Generator
) -> None:
    """Leave out of large groups the share of rows that copies make of small ones; one row of each group stays."""
    large = counts.sum(0) > limit
    for t, half in enumerate(rows.halves):
        alone = small & (counts[1 - t] == 0)
        copies = 1 - alone.sum() / max(int(counts[t][alone].sum()), 1)
        at = np.flatnonzero(keep[half] & large[of[half]]) + (half.start or 0)
        spare = at[rows.group[at] != at]
        keep[rng.choice(spare, min(len(spare), round(max(copies, 0.0) * len(at))), replace=False)] = False


def _stand_ins(rows: RowGroups, keep: Bools, of: Ints) -> Ints:
    """For each current row a row that takes part: itself, an equal one of current, or one of the reference."""
    n, m = rows.split, len(of) - rows.split
    kept = np.flatnonzero(keep)
    by_group = np.full(int(of.max()) + 1, -1)
    by_group[of[kept]] = kept  # current's rows come last and win
    by_own = np.full(m, -1)
    here = kept[kept >= n] - n
    by_own[rows.own[1][here]] = here + n
    found = by_own[rows.own[1]]
    found = np.where(found >= 0, found, by_group[of[n:]])
    return np.where(keep[n:], np.arange(m) + n, found)


def _overlap(rows: RowGroups, keep: Bools, of: Ints, small: Bools) -> int:
    """Rows of current that equal one of the reference's in a nearly unique column, too, of either table."""
    n = rows.split
    first = np.full(len(small), -1)
    reference = np.flatnonzero(keep[:n])[::-1]
    first[of[reference]] = reference
    across = np.flatnonzero(keep[n:] & (first[of[n:]] >= 0) & small[of[n:]]) + n
    if not len(across) or not rows.keys:
        return 0
    real = np.ones(len(across), dtype=bool)
    for at, half in ((first[of[across]], slice(None, n)), (across, slice(n, None))):
        among = np.flatnonzero(keep[half]) + (half.start or 0)
        real &= beyond_chance(rows.keys, different(of[among], len(small)), at, rows.blanks, among)
    return int(real.sum())
