"""All detectors of a monitor: one a column, a pair of columns, and a number about whole rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ecotone.contracts import Floats, Ints
from ecotone.data import Encoded, StreamColumns
from ecotone.decide.sequential import (
    CellTable,
    EDetectors,
    column_bets,
    level_bets,
    pair_bets,
    thresholds,
    uniform_draws,
    update_together,
)

from ._row_scalars import SCALARS, RowScalars

Reads = Literal["column", "pair", "row"]
#: Parts of the budget: columns, pairs, and each number about whole rows.
COLUMNS, PAIRS = 0.6, 0.3
ROWS = (0.07, 0.01, 0.01, 0.01)
#: Pairs beyond this many are drawn at random: each costs time, and log K of evidence.
MOST_PAIRS = 1500


@dataclass(frozen=True)
class Group:
    """Detectors of one kind of cell with the same bets.

    Parameters
    ----------
    reads : {"column", "pair", "row"}
    members : tuple of tuple of str
        What each of the K detectors reads.
    places : (K,) int64
        Of its cells among those of all columns, pairs or numbers.
    detectors : EDetectors
    """

    reads: Reads
    members: tuple[tuple[str, ...], ...]
    places: Ints
    detectors: EDetectors


@dataclass(frozen=True)
class Detectors:
    """The tables of cells and the detectors on them.

    Parameters
    ----------
    columns : CellTable
        Of the columns and their pairs, from all reference rows.
    scalars : RowScalars
        From the first half of the reference.
    rows : CellTable
        Of the numbers about whole rows, from the second half.
    groups : tuple of Group
    seed : int
        Of the draws that break ties.
    """

    columns: CellTable
    scalars: RowScalars
    rows: CellTable
    groups: tuple[Group, ...]
    seed: int

    @classmethod
    def of(
        cls, reference: Encoded, kinds: StreamColumns, *, arl: float | None, ever: float | None, seed: int
    ) -> Detectors:
        """From the reference's rows, in an order that says nothing about them."""
        n, d = reference.values.shape
        draws = _draws(seed, np.arange(-n, 0), d)
        pairs = chosen_pairs(d, seed)
        table = CellTable.of(reference.values, draws, pairs)
        half = n // 2
        scalars = RowScalars.of(reference.values[:half])
        numbers = scalars.of_rows(reference)[half:]
        rows = CellTable.of(numbers, _draws(seed, np.arange(-n, 0), len(SCALARS), d)[half:], [])
        nominal = np.array([c.nominal for c in kinds.columns])
        shares = budget(d, len(pairs))
        of_columns, of_pairs, of_rows = (thresholds(s, arl=arl, ever=ever) for s in shares)
        names = kinds.names
        groups = []
        for bets, here in ((column_bets(), np.flatnonzero(~nominal)), (level_bets(), np.flatnonzero(nominal))):
            made = EDetectors(table.column_gaps[here], bets, of_columns[here], ever is not None)
            groups.append(Group("column", tuple((names[j],) for j in here), here, made))
        made = EDetectors(table.pair_gaps, pair_bets(), of_pairs, ever is not None)
        groups.append(Group("pair", tuple((names[i], names[j]) for i, j in pairs), np.arange(len(pairs)), made))
        made = EDetectors(rows.column_gaps, column_bets(), of_rows, ever is not None)
        groups.append(Group("row", tuple((s,) for s in SCALARS), np.arange(len(SCALARS)), made))
        return cls(table, scalars, rows, tuple(g for g in groups if g.members), seed)

    def cells(self, batch: Encoded, first: int) -> dict[Reads, Ints]:
        """Cells of a batch whose first row has the number ``first``: (t, d), (t, pairs), (t, 4)."""
        at = np.arange(first, first + len(batch.values))
        d = batch.values.shape[1]
        columns, pairs = self.columns.find(batch.values, _draws(self.seed, at, d))
        rows, _ = self.rows.find(self.scalars.of_rows(batch), _draws(self.seed, at, len(SCALARS), d))
        return {"column": columns, "pair": pairs, "row": rows}

    def update(self, cells: dict[Reads, Ints]) -> Iterator[tuple[int, Group, int]]:
        """Read rows; alarms as (row among all rows read, group, detector in it), in order of rows."""
        ours = [group.detectors for group in self.groups]
        alarms = update_together(ours, [cells[group.reads][:, group.places] for group in self.groups])
        found = [(row, k, column) for k, some in enumerate(alarms) for row, column in some]
        for row, k, column in sorted(found):
            yield row, self.groups[k], column


def budget(columns: int, pairs: int) -> tuple[Floats, Floats, Floats]:
    """Shares of the detectors of columns, pairs and whole rows; together they sum to one."""
    weights = np.full(columns, COLUMNS / columns), np.full(pairs, PAIRS / max(pairs, 1)), np.array(ROWS)
    total = sum(float(w.sum()) for w in weights)
    return weights[0] / total, weights[1] / total, weights[2] / total


def chosen_pairs(d: int, seed: int) -> list[tuple[int, int]]:
    """All pairs of ``d`` columns, or as many as are watched, drawn without looking at the rows."""
    every = [(i, j) for i in range(d) for j in range(i + 1, d)]
    if len(every) <= MOST_PAIRS:
        return every
    kept = np.sort(np.random.default_rng((seed, 17)).choice(len(every), MOST_PAIRS, replace=False))
    return [every[k] for k in kept]


def _draws(seed: int, rows: Ints, columns: int, first: int = 0) -> Floats:
    return np.column_stack([uniform_draws(seed, first + j, rows) for j in range(columns)])
