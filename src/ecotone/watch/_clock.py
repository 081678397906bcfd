"""The times of a stream's rows: in order, and without long silences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Ints

from ._alarm import Break

#: Stands for a missing time.
NEVER = np.iinfo(np.int64).min
DAY = 86_400_000_000


@dataclass
class Clock:
    """The time column of a stream.

    Parameters
    ----------
    time : str or None
        The column.
    usual : int
        A silence longer than this is said: a day, or twice the reference's longest, in microseconds.
    last : int or None
        Latest time so far, microseconds since 1970.
    back : int
        Rows that were earlier than one before them.
    """

    time: str | None
    usual: int = DAY
    last: int | None = None
    back: int = 0

    @classmethod
    def of(cls, time: str | None, reference: pa.Table) -> Clock:
        """For streams like a reference, which may lack the column."""
        clock = cls(time)
        if time is not None and time in reference.column_names:
            times = np.sort(clock.read(reference))
            times = times[times != NEVER]
            clock.usual = max(DAY, 2 * int(np.diff(times).max(initial=0)))
        return clock

    def read(self, rows: pa.Table) -> Ints:
        """Times ``(t,)`` of rows; numbers are taken for their own unit, as if it were microseconds."""
        assert self.time is not None
        if self.time not in rows.column_names:
            raise BadInput(f"time: the rows have no column {self.time!r}; give it, or watch without time")
        column = rows[self.time]
        try:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                column = column.cast(pa.timestamp("us"))
            if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
                column = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False)
            return np.asarray(column.cast(pa.int64(), safe=False).fill_null(NEVER).to_numpy(), np.int64)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            why = str(error).split("\n")[0][:120]
            raise BadInput(f"time: column {self.time!r} holds no times ({why}); name another") from None

    def update(self, times: Ints, first: int) -> Iterator[Break]:
        """Read times of rows from number ``first`` on; the first step back is said, and silences longer than before."""
        assert self.time is not None
        known = np.flatnonzero(times != NEVER)
        if not len(known):
            return
        start = self.last if self.last is not None else int(times[known[0]])
        latest = np.maximum.accumulate(np.concatenate([[start], times[known]]))
        early = times[known] < latest[:-1]
        if early.any() and not self.back:
            k = int(np.argmax(early))
            detail = f"a row of {shown(int(times[known[k]]))} after one of {shown(int(latest[k]))}"
            yield Break(first + int(known[k]), self.time, "back in time", f"{detail}; chunks keep the order of arrival")
        self.back += int(early.sum())
        silence = np.diff(latest)
        k = int(np.argmax(silence))
        if silence[k] > self.usual:
            self.usual = 2 * int(silence[k])
            detail = f"nothing from {shown(int(latest[k]))} to {shown(int(latest[k + 1]))}"
            yield Break(first + int(known[k]), self.time, "gap in time", detail)
        self.last = int(latest[-1])


def shown(time: int) -> str:
    """A time in microseconds since 1970, as people write it."""
    return str(np.datetime64(time, "us")).replace("T", " ").split(".")[0]
