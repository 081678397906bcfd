"""A table as rows with labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecotone.contracts import BadInput

from ._rows import Rows


class TableRows(Rows):
    """A table whose blocks are Arrow tables, with the labels of one of its columns.

    Parameters
    ----------
    source : path, glob, data frame ...
        Whatever :func:`ecotone.data.read_table` reads.
    target : str, optional
        The column of the labels; it is no part of the rows.
    classes : sequence of str, optional
        See :class:`ArrayRows`.
    unlabelled : bool
        Whether the table may lack the target.

    Examples
    --------
    >>> rows = TableRows({"x": [0.5, 1.5], "kind": ["b", "a"]}, target="kind")
    >>> rows.names, rows[:1].num_rows, rows.labels.tolist(), rows.classes
    (('x',), 1, [1, 0], ('a', 'b'))
    """

    def __init__(
        self, source: Any, target: str | None = None, classes: Sequence[str] | None = None, *, unlabelled: bool = False
    ) -> None:
        from ecotone.data import read_table

        frame = read_table(source, name="data")
        self.arrow, self.parts = frame.arrow, frame.parts
        values = None
        if unlabelled and target not in self.arrow.column_names:
            target = None
        if target is not None:
            if target not in self.arrow.column_names:
                listed = ", ".join(self.arrow.column_names[:12])
                raise BadInput(f"the table has no column {target!r}; its columns are {listed}")
            column = self.arrow[target]
            values = np.array(column.to_pylist(), object) if column.null_count else np.asarray(column)
            self.arrow = self.arrow.drop_columns([target])
        self.names = tuple(self.arrow.column_names)
        self.shape = self.arrow.shape
        self._label(values, classes, f"column {target!r}")

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, int | np.integer):
            rows = slice(int(rows), int(rows) + 1 or None)
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(self))
            return self.arrow.slice(start, max(stop - start, 0))
        return self.arrow.take(np.arange(len(self))[rows])

    def where(self, row: int) -> str:
        """The file, and the row in it."""
        for part in self.parts:
            if row < part.rows:
                return f"{part.name}, row {row}"
            row -= part.rows
        return f"row {row}"
