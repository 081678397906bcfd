"""Rows in: one table from one source or from many."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ._alarm import Break, Update
from ._scored import ScoredMonitor
from ._source_rows import SourceRows


class ReadingMonitor(ScoredMonitor):
    """A monitor that takes rows."""

    def ingest_together(self, pieces: Sequence[SourceRows]) -> Update:
        """Read rows of several sources as one table, in one transaction: a hundred short pieces cost as one.

        Parameters
        ----------
        pieces : sequence of SourceRows
            In their order, with the same columns of the same types. All are taken: which rows came before is the
            caller's to know.

        Returns
        -------
        Update
            Of all of them.
        """
        with self.transaction():
            return self.read_pieces(pieces, [])

    def read_pieces(self, pieces: Sequence[SourceRows], breaks: list[Break]) -> Update:
        """Read rows that were not taken yet, inside a transaction."""
        table = pieces[0].rows if len(pieces) == 1 else pa.concat_tables([p.rows for p in pieces]).combine_chunks()
        table, first = self.scored(table), self.rows
        breaks += self._records.blocks.repeated([p.rows for p in pieces], first)
        found = self._run.read(table)
        places: dict[str, tuple[int, str, bool]] = {}
        for piece in pieces:
            taken, _, _ = places.get(piece.source) or self.place(piece.source) or (0, "", False)
            places[piece.source] = (taken + piece.rows.num_rows, piece.mark, piece.done)
        self._records.put_sources(places)
        self._records.add_alarms(found.alarms)
        alarms = (*found.alarms, *self.with_rows(table, first))
        breaks += found.breaks
        self._records.add_breaks(breaks)
        return Update(table.num_rows, alarms, tuple(breaks))
