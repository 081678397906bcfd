"""What a monitor says: alarms of its detectors, and columns that break their contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ChangePoint:
    """Since when rows look different.

    Parameters
    ----------
    row : int
        The likeliest first row after the change, counted from the stream's first row (0).
    low, high : int
        Ends of the interval.
    level : float
        Its posterior probability under a uniform prior over the rows that are kept; no guarantee goes with it.
    complete : bool
        False where the change may lie before the rows that are kept.
    """

    row: int
    low: int
    high: int
    level: float
    complete: bool


@dataclass(frozen=True)
class Alarm:
    """One detector's evidence reached its threshold.

    Parameters
    ----------
    row : int
        The row at which it did, counted from the stream's first row (0).
    detector : {"column", "pair", "row"}
    columns : tuple of str
        What it reads: one column, two, or the name of a number about whole rows.
    threshold : float
        Of its evidence: what its share of the budget asks for.
    since : ChangePoint or None
        None where the same detector has alarmed before, for the change that it saw then goes on.
    """

    row: int
    detector: Literal["column", "pair", "row"]
    columns: tuple[str, ...]
    threshold: float
    since: ChangePoint | None


@dataclass(frozen=True)
class Break:
    """A plain fact about a stream's columns, for which there is no p-value.

    Parameters
    ----------
    row : int
        First row of the batch in which it was seen.
    column : str
    what : {"unreadable", "new column", "new levels"}
    detail : str
    """

    row: int
    column: str
    what: Literal["unreadable", "new column", "new levels"]
    detail: str


@dataclass(frozen=True)
class Update:
    """What a batch of rows brought.

    Parameters
    ----------
    rows : int
        Rows of the batch.
    alarms : tuple of Alarm
    breaks : tuple of Break
        Only what was not said before.
    """

    rows: int
    alarms: tuple[Alarm, ...] = ()
    breaks: tuple[Break, ...] = ()
