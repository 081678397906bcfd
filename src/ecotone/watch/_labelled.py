"""Labels, with their rows or late, joined to them by a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Floats, Ints
from ecotone.data import Frame, read_table

from ._alarm import Alarm, Break, Update, What
from ._harm import Texts, names
from ._thinning import column_hashes
from ._transactions import Transactions

#: Rows whose label may still come, at most.
WAITING = 100_000


class LabelledMonitor(Transactions):
    """A monitor that takes labels."""

    def label(self, labels: Any, *, source: str = "", position: int | None = None, mark: str = "") -> Update:
        """Take late labels, in one transaction.

        Parameters
        ----------
        labels : table
            With the column of ``roles.id`` and that of ``roles.target``.
        source, position, mark
            As :meth:`MonitorStore.ingest` takes them.

        Returns
        -------
        Update
            ``rows`` are the labels counted. A label of a row that was never seen (or is not among the last 100 000),
            one that came before, and one that contradicts that are said in ``breaks`` and not counted.

        Raises
        ------
        BadInput
            A column is missing, or no label can be joined to a row.
        """
        with self.transaction():
            table = labels.arrow if isinstance(labels, Frame) else read_table(labels, name="labels").arrow
            taken, _, _ = self.place(source) or (0, "", False)
            table, breaks = self.fresh(table, source, position, taken)
            lines, said, told, odd = self._joined(table)
            alarms = tuple(self._count(lines, said, told))
            self._records.put_source(source, taken + table.num_rows, mark, False)
            breaks = [*breaks, *odd]
            self._records.add_breaks(breaks)
            return Update(len(lines), alarms, tuple(breaks))

    def fresh(
        self, table: pa.Table, source: str, position: int | None, taken: int
    ) -> tuple[pa.Table, list[Break]]:  # fmt: skip
        """The rows that were not taken yet."""
        if position is None:
            return table, []
        if position > taken:
            raise BadInput(
                f"position {position} of {source!r}: only {taken} rows came before; send those between first"
            )
        repeated = min(taken - position, table.num_rows)
        if not repeated:
            return table, []
        detail = f"{repeated} rows of {source!r} from its row {position} on came before; they are not counted again"
        return table.slice(repeated), [Break(self.rows, "", "repeated rows", detail)]

    def with_rows(self, table: pa.Table, first: int) -> tuple[Alarm, ...]:
        """Take what rows bring: predictions that wait for their label, and labels that came along."""
        harm, roles = self._run.harm, self.settings.roles
        if harm is None or harm.prediction not in table.column_names:
            return ()
        said = names(table[harm.prediction])
        told = names(table[harm.target]) if harm.target in table.column_names else np.full(len(said), None, object)
        here = np.array([a is not None and b is not None for a, b in zip(said, told)], np.bool_)
        lines = first + np.arange(len(said))
        if roles.id and roles.id[0] in table.column_names:
            hashes, missing = column_hashes(table[roles.id[0]])
            keep = ~missing & np.array([s is not None for s in said], np.bool_)
            some = pa.table(
                {
                    "key": hashes[keep],
                    "line": lines[keep],
                    "said": pa.array(said[keep], pa.string()),
                    "told": pa.array(told[keep], pa.string()),
                }
            )
            self._base.register("some_labels", some)
            self._base.execute("insert into labels select * from some_labels")
            self._base.unregister("some_labels")
            self._base.execute("delete from labels where line < ?", [first + len(said) - WAITING])
        return tuple(self._count(lines[here], said[here], told[here]))

    def _joined(self, table: pa.Table) -> tuple[Ints, Texts, Texts, list[Break]]:
        """Rows, predictions and labels that count, in order of arrival, and what is said of the others."""
        harm, roles = self._run.harm, self.settings.roles
        if harm is None or not roles.id:
            raise BadInput("labels can be joined to rows where target, prediction and id are named; start with them")
        for name in (roles.id[0], harm.target):
            if name not in table.column_names:
                raise BadInput(f"labels have no column {name!r}; give it")
        hashes, missing = column_hashes(table[roles.id[0]])
        told = names(table[harm.target])
        wanted = sorted(set(hashes[~missing].tolist()))
        query = "select key, line, said, told from labels where key in (select unnest(?::ubigint[])) order by line"
        known = {k: [line, said, was] for k, line, said, was in self._base.execute(query, [wanted]).fetchall()}
        lines, found, counted, keys = [], [], [], []
        odd: dict[What, list[int]] = {"unknown label": [], "repeated label": [], "contradicting label": []}
        for at, (key, gone, label) in enumerate(zip(hashes.tolist(), missing.tolist(), told)):
            if label is None:
                continue
            row = None if gone else known.get(key)
            if row is None:
                odd["unknown label"].append(at)
            elif row[2] is not None:
                odd["repeated label" if row[2] == label else "contradicting label"].append(at)
            else:
                row[2] = label
                lines.append(row[0])
                found.append(row[1])
                counted.append(label)
                keys.append(key)
        self._keep(keys, lines, counted)
        name, ids = roles.id[0], table[roles.id[0]]
        breaks = [
            Break(self.rows, harm.target, what, f"{len(at)} labels, the first of {name} {ids[at[0]]}; not counted")
            for what, at in odd.items() if at
        ]  # fmt: skip
        return (
            np.array(lines, np.int64),
            np.array([*found, None], object)[:-1],
            np.array([*counted, None], object)[:-1],
            breaks,
        )

    def _keep(self, keys: list[int], lines: list[int], told: list[str]) -> None:
        """Labels beside the predictions that waited for them, all in one statement."""
        if keys:
            new = "(select unnest(?::ubigint[]) as key, unnest(?::bigint[]) as line, unnest(?::text[]) as told) as new"
            query = (
                f"update labels set told = new.told from {new} where labels.key = new.key and labels.line = new.line"
            )
            self._base.execute(query, [keys, lines, told])

    def _count(self, lines: Ints, said: Texts, told: Texts) -> Iterator[Alarm]:
        """Count labels of rows, and their losses in the rows' chunks; alarms of harm."""
        harm = self._run.harm
        if harm is None or not len(lines):
            return
        losses = harm.losses(said, told)
        self._to_chunks(lines, losses)
        alarms = [
            Alarm(int(lines[at]), "loss", (harm.target,), harm.detector.threshold, None) for at in harm.update(losses)
        ]
        self._records.add_alarms(alarms)
        yield from alarms

    def _to_chunks(self, lines: Ints, losses: Floats) -> None:
        chunks = self._run.chunks
        at = np.searchsorted([c.first for c in chunks], lines, side="right") - 1
        for k in np.unique(at).tolist():
            here = losses[at == k]
            chunks[k] = replace(chunks[k], labels=chunks[k].labels + len(here), loss=chunks[k].loss + float(here.sum()))
