"""Cells between order statistics of a reference sample, whose probabilities a new row's rank has exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecotone.contracts import BadInput, Ints

CELLS = 20
STRIPS = (0.1, 0.3, 0.7, 0.9)  # of a pair: narrow strips at the ends, where corners fill up


@dataclass(frozen=True)
class RankCells:
    r"""Cells of one column: runs of the n + 1 gaps between the n sorted values of a reference sample.

    Values are ordered as pairs (value, U) with U uniform on (0, 1), so that no two are equal. For a new row
    exchangeable with the reference :math:`P(\text{cell } c) = g_c / (n + 1)`, whatever the distribution; after t more
    rows, of which :math:`N_c` fell into c, it is :math:`(g_c + N_c) / (n + 1 + t)`: a Pólya urn.

    Parameters
    ----------
    cuts : (m - 1,) int64
        Ranks, from 1 to n, of the reference rows that bound the cells, ascending.
    gaps : (m,) int64
        Gaps of each cell; they sum to n + 1.

    Examples
    --------
    >>> RankCells.of(99, 4)
    RankCells(cuts=array([25, 50, 75]), gaps=array([25, 25, 25, 25]))
    """

    cuts: Ints
    gaps: Ints

    @classmethod
    def of(cls, n: int, cells: int = CELLS) -> RankCells:
        """Cells of as equal probability as n reference rows allow."""
        at = cut_places(n + 1, [c / cells for c in range(1, cells)])
        return cls(at, np.diff(np.concatenate([[0], at, [n + 1]])))


@dataclass(frozen=True)
class PairBlocks:
    """Statistically equivalent blocks of two columns: strips of the first, each cut along the second.

    The gaps of the blocks have a Dirichlet distribution under any dependence (Tukey 1947; Fraser 1951), so that the
    urn of :class:`RankCells` holds for them as well. Every strip is cut at the rows that lie inside it; those on its
    bounds do not count.

    Parameters
    ----------
    first : (s - 1,) int64
        Ranks in the first column of the rows that bound the strips.
    second : (s, s - 1) int64
        For each strip, ranks in the second column, among all reference rows, of the rows that bound its blocks.
    gaps : (s * s,) int64
        Strip after strip; they sum to n + 1.
    """

    first: Ints
    second: Ints
    gaps: Ints

    @classmethod
    def of(cls, order: Ints, ranks: Ints) -> PairBlocks:
        """Blocks from the rows in the order of the first column ``(n,)`` and all rows' ranks in the second ``(n,)``.

        Ranks run from 1 to n without ties.
        """
        n = len(order)
        ends = np.concatenate([[0], cut_places(n + 1, STRIPS), [n + 1]])
        second, gaps = [], []
        for low, high in pairwise(ends.tolist()):
            inside = np.sort(ranks[order[low : high - 1]])  # without the rows on the two bounds
            cut = cut_places(high - low, STRIPS)
            second.append(inside[cut - 1])
            gaps.append(np.diff(np.concatenate([[0], cut, [high - low]])))
        return cls(ends[1:-1], np.array(second), np.concatenate(gaps))


def cut_places(gaps: int, quantiles: Sequence[float]) -> Ints:
    """Places (1-based order statistics) at which ``gaps`` gaps are cut, at least one gap on every side.

    Raises
    ------
    BadInput
        For fewer gaps than cells.
    """
    at = np.round(gaps * np.asarray(quantiles)).astype(np.int64)
    if gaps <= len(at):
        raise BadInput(f"{gaps - 1} reference rows are too few for {len(at) + 1} cells; give more reference rows")
    for i in range(len(at)):
        at[i] = max(at[i], at[i - 1] + 1 if i else 1)
    return np.minimum(at, gaps - np.arange(len(at), 0, -1))
