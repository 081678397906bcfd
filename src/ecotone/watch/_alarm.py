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


Reads = Literal["column", "pair", "row", "loss"]


@dataclass(frozen=True)
class Alarm:
    """One detector's evidence reached its threshold.

    Parameters
    ----------
    row : int
        The row at which it did, counted from the stream's first row (0).
    detector : {"column", "pair", "row", "loss"}
    columns : tuple of str
        What it reads: one column, two, the name of a number about whole rows, or the column of labels.
    threshold : float
        Of its evidence: what its share of the budget asks for.
    since : ChangePoint or None
        None where the same detector has alarmed before, for the change that it saw then goes on,
        and for the loss.
    """

    row: int
    detector: Reads
    columns: tuple[str, ...]
    threshold: float
    since: ChangePoint | None


What = Literal[
    "unreadable", "new column", "new levels", "back in time", "gap in time", "repeated rows", "repeated source",
    "changed source", "unreadable source", "unknown label", "repeated label", "contradicting label",
]  # fmt: skip


@dataclass(frozen=True)
class Break:
    """A plain fact about a stream's columns, for which there is no p-value.

    Parameters
    ----------
    row : int
        First row of the batch in which it was seen.
    column : str
        Empty where the source as a whole is meant.
    what : str
        As ``What`` lists.
    detail : str
    """

    row: int
    column: str
    what: What
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
