"""A monitor: rows in, in order; alarms whose false ones keep a stated budget over its whole life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Ints
from ecotone.data import Encoded, Frame, Roles, StreamColumns, read_table

from ._alarm import Alarm, Break, Update
from ._change_point import change_point
from ._detectors import Detectors, Group, Reads
from ._guarantee import Guarantee, guarantee
from ._recent import Recent

#: Rows that are worked through at once.
BATCH = 10_000
#: New levels of a column that are named, at most; more are counted only.
MOST_LEVELS = 1_000


@dataclass
class Monitor:
    r"""Watches a stream of rows against a reference.

    Every row's value in a column falls into one of twenty cells by its rank among the reference *and all rows before
    it*, every pair of columns into one of 25 blocks; :class:`~ecotone.decide.sequential.EDetectors` bet against the
    ranks' being uniform. Ranks among the reference alone would not do: a monitor that keeps to a fixed sample learns
    that sample's own error, and alarms falsely in most unchanged streams sooner or later.

    Parameters
    ----------
    kinds : StreamColumns
    detectors : Detectors
    guarantee : Guarantee
        What the alarms may be taken for.
    recent : Recent
        The last rows, as they came.
    rows : int
        Rows read so far.
    said : set of (column, what, detail)
        Breaks that are not said again; of a column's new levels the first thousand are.
    alarmed : set of (reads, place)
        Detectors that have alarmed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> old = {"x": rng.normal(size=2000), "y": rng.normal(size=2000)}
    >>> monitor = Monitor.start(old, arl=20_000)
    >>> new = {"x": np.append(rng.normal(size=1000), rng.normal(1, 1, 500)), "y": rng.normal(size=1500)}
    >>> alarm = monitor.update(new).alarms[0]
    >>> alarm.columns, 1000 < alarm.row < 1100, alarm.since.low <= 1000 <= alarm.since.high
    (('x',), True, True)
    """

    kinds: StreamColumns
    detectors: Detectors
    guarantee: Guarantee
    recent: Recent = field(default_factory=Recent)
    rows: int = 0
    said: set[tuple[str, str, str]] = field(default_factory=set)
    alarmed: set[tuple[str, int]] = field(default_factory=set)
    _named: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def start(
        cls,
        reference: Any,
        *,
        arl: float | None = None,
        ever: float | None = None,
        roles: Roles | None = None,
        independent: bool = False,
        seed: int = 0,
    ) -> Monitor:
        """A monitor that has read no row yet.

        Parameters
        ----------
        reference : table, path or profile with rows
            At least 200 rows, as :func:`~ecotone.data.read_table` takes them.
        arl : float
            Average run length: rows to the first false alarm, on average, at least. 20 000 where neither it nor
            ``ever`` is given.
        ever : float
            In place of it: the probability that there is ever a false alarm, at most.
        roles : Roles
            What columns are for; those with a role, and ``ignore``, are not watched.
        independent : bool
            Rows are independent: said by the user, not looked at.
        seed : int
            Of the draws that break ties, and of the reference's order.

        Raises
        ------
        BadInput
            For fewer than 200 rows, no column to watch, or a budget that is none.
        """
        frame, roles = read_table(reference), roles or Roles()
        if frame.n < 200:
            raise BadInput(f"the reference has {frame.n} rows; give at least 200, and better some thousands")
        arl = 20_000.0 if arl is None and ever is None else arl
        kinds = StreamColumns.of(frame, roles)
        found = guarantee(frame, roles, independent=independent, arl=arl, ever=ever, seed=seed)
        order = np.random.default_rng((seed, 5)).permutation(frame.n)  # its halves must not differ by when they came
        encoded = kinds.encode(frame.arrow.take(pa.array(order)))
        return cls(kinds, Detectors.of(encoded, kinds, arl=arl, ever=ever, seed=seed), found)

    def update(self, rows: Any) -> Update:
        """Read rows, in their order; they may come one by one or in any number at once.

        Parameters
        ----------
        rows : table
            As :func:`~ecotone.data.read_table` takes them; columns may be in any order.

        Returns
        -------
        Update
            What they brought. An alarm does not end the watch: the detector that raised it begins anew.
        """
        table = rows.arrow if isinstance(rows, Frame) else read_table(rows, name="rows").arrow
        alarms: list[Alarm] = []
        breaks: list[Break] = list(self.new_columns(table))
        for start in range(0, table.num_rows, BATCH):
            part = table.slice(start, BATCH)
            encoded = self.kinds.encode(part)
            breaks += self.breaks(encoded)
            alarms += self.read(part, encoded, self.detectors.cells(encoded, self.rows))
        return Update(table.num_rows, tuple(alarms), tuple(breaks))

    def read(self, part: pa.Table, encoded: Encoded, cells: dict[Reads, Ints]) -> list[Alarm]:
        """Read rows that are encoded and in cells already; alarms in order."""
        known = self.guarantee.known
        self.recent.add(part.select([n for n in part.column_names if n in known]), cells)
        found = list(self.detectors.update(cells))
        self.rows += len(encoded.values)
        return [self._alarm(*one) for one in found]

    def _alarm(self, row: int, group: Group, k: int) -> Alarm:
        place, threshold = int(group.places[k]), float(group.detectors.thresholds[k])
        since = None
        if (group.reads, place) not in self.alarmed:
            self.alarmed.add((group.reads, place))
            first, cells = self.recent.cells(group.reads, place)
            own = group.detectors
            urn = own.gaps[k] + own.counts[k] - np.bincount(cells, minlength=own.gaps.shape[1])
            since = change_point(cells[: row + 1 - first], urn.astype(np.float64), first, complete=first == 0)
        return Alarm(row, group.reads, group.members[k], threshold, since)

    def new_columns(self, table: pa.Table) -> Iterator[Break]:
        """Columns that the reference lacks, each said once."""
        known = {c.source for c in self.kinds.columns} | {u.name for u in self.kinds.untested} | self.guarantee.known
        for name in table.column_names:
            if name not in known:
                yield from self._once(name, "new column", "the reference does not have it; it is not watched")

    def breaks(self, batch: Encoded) -> Iterator[Break]:
        """What is wrong with a batch's columns, each said once."""
        for name, why in batch.breaks.items():
            yield from self._once(name, "unreadable", f"{why}; its values count as missing")
        for name, levels in batch.new_levels.items():
            named = self._named.setdefault(name, sum(n == name and w == "new levels" for n, w, _ in self.said))
            fresh = [v for v in levels if (name, "new levels", v) not in self.said][: MOST_LEVELS - named]
            self.said |= {(name, "new levels", v) for v in fresh}
            self._named[name] += len(fresh)
            if fresh:
                shown = ", ".join(map(repr, fresh[:5])) + (f" and {len(fresh) - 5} more" if len(fresh) > 5 else "")
                yield Break(self.rows, name, "new levels", shown)

    def _once(self, column: str, what: Any, detail: str) -> Iterator[Break]:
        if (column, what, detail) not in self.said:
            self.said.add((column, what, detail))
            yield Break(self.rows, column, what, detail)
