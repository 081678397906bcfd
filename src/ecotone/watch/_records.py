"""Sources, episodes of alarms and breaks in the tables of a monitor's file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ._alarm import Alarm, Break, ChangePoint
from ._blocks import Blocks
from ._status import Ended, Episode
from ._store_file import text

#: Breaks that are kept.
MOST_BREAKS = 10_000


@dataclass
class Records:
    """What is kept line by line.

    Parameters
    ----------
    base : duckdb.DuckDBPyConnection
    """

    base: Any
    blocks: Blocks = field(init=False)
    _places: dict[str, tuple[int, str, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.blocks = Blocks(self.base)

    def place(self, source: str) -> tuple[int, str, bool] | None:
        """How many rows of a source were taken, its mark, and whether it is done; None where it is not known."""
        if source not in self._places:  # a question to the database costs more than the reading of ten rows
            found = self._rows("select taken, mark, done from sources where name = ?", [source])
            if not found:  # whoever asks for names that are made up must not fill the memory with them
                return None
            self._places[source] = (int(found[0][0]), str(found[0][1]), bool(found[0][2]))
        return self._places[source]

    def sources(self) -> int:
        """How many were read, or begun."""
        return int(self._rows("select count(*) from sources")[0][0])

    def twin(self, checksum: str) -> str | None:
        """A source whose mark holds a checksum, if there is one."""
        found = self._rows("select name from sources where contains(mark, ?) limit 1", [f'"sum": "{checksum}"'])
        return str(found[0][0]) if found else None

    def put_source(self, source: str, taken: int, mark: str, done: bool) -> None:
        """Keep how far a source was read."""
        self.put_sources({source: (taken, mark, done)})

    def put_sources(self, places: dict[str, tuple[int, str, bool]]) -> None:
        """Keep how far sources were read, all of them at once."""
        names = list(places)
        if old := [name for name in names if self.place(name) is not None]:
            self.base.execute("delete from sources where name in (select unnest(?::text[]))", [old])
        columns = "unnest(?::text[]), unnest(?::bigint[]), unnest(?::text[]), unnest(?::boolean[])"
        self.base.execute(f"insert into sources select {columns}", [names, *map(list, zip(*places.values()))])
        self._places.update(places)

    def waiting(self) -> int:
        """Rows whose label may still come."""
        return int(self._rows("select count(*) from labels where told is null")[0][0])

    def episodes(self) -> tuple[Episode, ...]:
        """In order."""
        found = self._rows("select number, body, alarms, last, ended, checked from episodes order by number")
        return tuple(
            Episode(number, alarm_of(body), count, last, ended, json.loads(checked) if checked else None)
            for number, body, count, last, ended, checked in found
        )

    def add_alarms(self, alarms: Sequence[Alarm]) -> None:
        """In order: to the open episode of their kind, or the first of them as the first of a new one."""
        for harm in (False, True):
            own = [alarm for alarm in alarms if (alarm.detector == "loss") == harm]
            if not own:
                continue
            numbers = [e.number for e in self.episodes() if not e.ended and (e.about == "harm") == harm]
            if not numbers:
                self.base.execute(
                    "insert into episodes select coalesce(max(number), 0) + 1, ?, 0, ?, '', '' from episodes",
                    [text(asdict(own[0])), own[0].row],
                )
                numbers = [n for (n,) in self._rows("select max(number) from episodes")]
            self.base.execute(
                "update episodes set alarms = alarms + ?, last = ? where number = ?",
                [len(own), own[-1].row, numbers[-1]],
            )

    def end(self, how: Ended) -> None:
        """End the open episodes."""
        self.base.execute("update episodes set ended = ? where ended = ''", [how])

    def put_check(self, number: int, check: dict[str, Any]) -> None:
        """Keep what a check of an episode's rows found."""
        self.base.execute("update episodes set checked = ? where number = ?", [text(check), number])

    def breaks(self, last: int = MOST_BREAKS) -> tuple[Break, ...]:
        """In order, the last ones."""
        found = self._rows("select body from breaks order by number desc limit ?", [last])
        return tuple(Break(**json.loads(body)) for (body,) in reversed(found))

    def count_breaks(self) -> int:
        """How many are kept."""
        return int(self._rows("select count(*) from breaks")[0][0])

    def add_breaks(self, breaks: Iterable[Break]) -> None:
        """Keep breaks, and let the oldest go."""
        for found in breaks:
            self.base.execute(
                "insert into breaks select coalesce(max(number), 0) + 1, ? from breaks", [text(asdict(found))]
            )
            self.base.execute("delete from breaks where number <= (select max(number) from breaks) - ?", [MOST_BREAKS])

    def _rows(self, query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        return list(self.base.execute(query, values or []).fetchall())


def alarm_of(body: str) -> Alarm:
    """The alarm that was kept as JSON."""
    held = json.loads(body)
    since = ChangePoint(**held["since"]) if held["since"] else None
    return Alarm(**{**held, "columns": tuple(held["columns"]), "since": since})
