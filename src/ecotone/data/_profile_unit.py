"""The profile of one unit of rows, folded batch by batch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Ints

from ._profile import Profile
from ._profile_columns import ColumnProfile
from ._profile_cuts import Binning
from ._profile_rows import Reservoir, stored_schema
from ._profile_sums import Sums
from .sources import family


@dataclass(frozen=True)
class Scan:
    """What a pass over a table looks for, as it travels to whoever reads a part.

    Parameters
    ----------
    schema : pyarrow.Schema
    cuts : Binning or None
        Of the reference whose cut points the sums use.
    k : int
        Rows to keep; 0 for none.
    seed : int
    name : str
        What error messages call the table.
    """

    schema: Any
    cuts: Binning | None
    k: int
    seed: int
    name: str


class UnitScan:
    """The state of a pass over one unit; each thread has columns of its own, so the result does not depend on timing.

    Parameters
    ----------
    scan : Scan
    start : int
        Place of the unit's first row in the source.

    Raises
    ------
    BadInput
        The table lacks all columns that are cut, or has one of another type.
    """

    def __init__(self, scan: Scan, start: int) -> None:
        self.columns = {f.name: ColumnProfile(f.name, str(f.type), family(f.type)) for f in scan.schema}
        self.sums = Sums.empty(scan.cuts) if scan.cuts else None
        self.places = _places(self.sums, self.columns, scan.name)
        self.rows = Reservoir(stored_schema(scan.schema), scan.k, scan.seed) if scan.k else None
        self.n, self._start, self._seed = 0, start, scan.seed

    def update(self, batch: Any, pool: ThreadPoolExecutor | None, threads: int) -> None:
        """Add a batch, on so many threads of a pool."""
        cuts = self.sums.cuts.columns if self.sums else ()
        cells: list[Any] = [None] * len(cuts)

        def work(part: int) -> None:
            for j, (name, column) in enumerate(self.columns.items()):
                if j % threads == part:
                    array = batch.column(name)
                    column.update(array)
                    if self.sums and name in self.places:
                        at = self.places[name]
                        cells[at] = cuts[at].cells(array)

        jobs = [pool.submit(work, part) for part in range(threads)] if pool else []
        if self.rows:
            self.rows.update(batch, self._start + self.n)
        if pool is None:
            work(0)
        for job in jobs:
            job.result()
        if self.sums:
            lack = (np.full(len(batch), len(cut.table) - 1) if c is None else c for c, cut in zip(cells, cuts))
            whole: list[Ints] = list(lack)
            self.sums.update(len(batch), whole, pool.map if pool else map)
        self.n += len(batch)

    def finish(self) -> Profile:
        """The unit's profile."""
        left = {c.name: f"{c.type} is only counted" for c in self.columns.values() if c.family == "nested"}
        return Profile(self.columns, self.n, self.rows.finish() if self.rows else None, self.sums, left, self._seed)


def _places(sums: Sums | None, columns: dict[str, ColumnProfile], name: str) -> dict[str, int]:
    """Where each column's cut is; a cut column that the table lacks (such as labels) counts as missing throughout."""
    places: dict[str, int] = {}
    for at, cut in enumerate(sums.cuts.columns if sums else ()):
        if cut.name not in columns:
            continue
        family = columns[cut.name].family
        if family not in (cut.family, "null"):
            raise BadInput(
                f"{name}: column {cut.name!r} is {columns[cut.name].type}, "
                f"but {cut.family} in the reference; give it the same type"
            )
        places[cut.name] = at
    if sums and sums.cuts.columns and not places:
        lost = sums.cuts.columns[0].name
        raise BadInput(f"{name} has no column that the reference has cut, such as {lost!r}; profile the same columns")
    return places
