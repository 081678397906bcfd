"""Cells of new rows in every column and pair of columns, by one search a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats, Ints

from ._rank_cells import CELLS, STRIPS, PairBlocks, RankCells

Places = NDArray[np.uint8]
#: Reference rows that a pair's blocks need: one gap each in the narrowest strips.
LEAST_ROWS = 99


@dataclass(frozen=True)
class CellTable:
    """Where new values fall among the cells of a reference sample.

    Parameters
    ----------
    cuts, draws : tuple of (M_j,) float64, one a column
        Values and uniform draws of all reference rows that bound a cell of column j or of a pair with it, ascending.
    columns : tuple of (M_j + 1,) uint8
        The cell of a value by the number of bounds below it.
    pairs : (K, 2) int64
        Positions of the columns that are watched together.
    strips : (K,) tuple of (M_i + 1,) uint8
        A pair's strip by the number of bounds below the first value.
    blocks : (K,) tuple of (5, M_j + 1) uint8
        Its block by strip and the number of bounds below the second value.
    column_gaps, pair_gaps : (d, 20), (K, 25) int64

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> table = CellTable.of(rng.normal(size=(999, 2)), rng.random((999, 2)))
    >>> cells, blocks = table.find(np.array([[-9.0, -9.0], [0.0, 9.0]]), rng.random((2, 2)))
    >>> cells.tolist(), blocks.tolist()
    ([[0, 0], [10, 19]], [[0], [14]])
    """

    cuts: tuple[Floats, ...]
    draws: tuple[Floats, ...]
    columns: tuple[Places, ...]
    pairs: Ints
    strips: tuple[Places, ...]
    blocks: tuple[Places, ...]
    column_gaps: Ints
    pair_gaps: Ints

    @classmethod
    def of(cls, reference: Floats, draws: Floats, pairs: Sequence[tuple[int, int]] | None = None) -> CellTable:
        """From reference rows ``(n, d)`` without NaN and their draws; ``pairs`` are all by default.

        Raises
        ------
        BadInput
            For fewer than 99 rows.
        """
        n, d = reference.shape
        if n < LEAST_ROWS:
            raise BadInput(f"the reference has {n} rows to rank others among; give at least {LEAST_ROWS}")
        wanted = [(i, j) for i in range(d) for j in range(i + 1, d)] if pairs is None else list(pairs)
        orders = [np.lexsort((draws[:, j], reference[:, j])) for j in range(d)]
        ranks = [_ranks(order) for order in orders]
        cells = RankCells.of(n, CELLS)
        made = [PairBlocks.of(orders[i], ranks[j]) for i, j in wanted]
        used: list[list[Ints]] = [[cells.cuts] for _ in range(d)]
        for (i, j), block in zip(wanted, made):
            used[i].append(block.first)
            used[j].append(block.second.ravel())
        bounds = [np.unique(np.concatenate(u)) for u in used]
        rows = [order[b - 1] for order, b in zip(orders, bounds)]
        return cls(
            cuts=tuple(reference[r, j] for j, r in enumerate(rows)),
            draws=tuple(draws[r, j] for j, r in enumerate(rows)),
            columns=tuple(_by_place(cells.cuts, b) for b in bounds),
            pairs=np.array(wanted, np.int64).reshape(-1, 2),
            strips=tuple(_by_place(block.first, bounds[i]) for (i, _), block in zip(wanted, made)),
            blocks=tuple(_blocks(block, bounds[j]) for (_, j), block in zip(wanted, made)),
            column_gaps=np.tile(cells.gaps, (d, 1)),
            pair_gaps=np.array([block.gaps for block in made], np.int64).reshape(-1, (len(STRIPS) + 1) ** 2),
        )

    def find(self, values: Floats, draws: Floats) -> tuple[Ints, Ints]:
        """Cells ``(t, d)`` and blocks ``(t, K)`` of rows ``(t, d)`` with their draws."""
        places = [_place(c, u, values[:, j], draws[:, j]) for j, (c, u) in enumerate(zip(self.cuts, self.draws))]
        cells = np.empty((len(values), len(places)), np.int64)
        for j, place in enumerate(places):
            cells[:, j] = self.columns[j][place]
        blocks = np.empty((len(values), len(self.pairs)), np.int64)
        for k, (i, j) in enumerate(self.pairs):
            blocks[:, k] = self.blocks[k][self.strips[k][places[i]], places[j]]
        return cells, blocks


def _ranks(order: Ints) -> Ints:
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _by_place(cuts: Ints, bounds: Ints) -> Places:
    """The cell by the number of bounds (ranks, ascending) below a value."""
    return np.searchsorted(np.searchsorted(bounds, cuts), np.arange(len(bounds) + 1)).astype(np.uint8)


def _blocks(block: PairBlocks, bounds: Ints) -> Places:
    a_strip = len(STRIPS) + 1
    return np.stack([_by_place(cuts, bounds) + a_strip * s for s, cuts in enumerate(block.second)]).astype(np.uint8)


def _place(cuts: Floats, ties: Floats, values: Floats, draws: Floats) -> Ints:
    """How many (cut, tie) are below each (value, draw)."""
    place = np.searchsorted(cuts, values, side="left")
    last = np.searchsorted(cuts, values, side="right")
    tied = np.flatnonzero(last > place)
    if not len(tied):
        return place
    # The draws of equal bounds ascend, so those below are found by one search over (group, draw).
    group = np.searchsorted(cuts, cuts, side="left")
    key, asked = group + ties, place[tied] + draws[tied]
    place[tied] = np.searchsorted(key, asked)
    return place


def uniform_draws(seed: int, column: int, rows: Ints) -> Floats:
    """Uniform draws in (0, 1) for rows by their numbers: the same however the stream is cut into batches.

    SplitMix64 (Steele, Lea and Flood 2014) of seed, column and row.
    """
    with np.errstate(over="ignore"):
        stream = _mixed(np.array([seed % 2**64], np.uint64))
        stream = _mixed(stream + np.uint64(column))
        z = _mixed(rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + stream)
    return (z >> np.uint64(12)).astype(np.float64) * 2.0**-52 + 2.0**-53


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
