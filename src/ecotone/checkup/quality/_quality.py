"""Every column's facts in both tables, and what broke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ecotone.checkup.as_json import Keys
from ecotone.data import Frame, Profile, thread_map

from ._breaks import Break, breaks
from ._summary import ColumnSummary, summary, summary_of_profile

Summaries = dict[str, ColumnSummary]
_ORDER = (
    "range",
    "sign",
    "dates",
    "infinite",
    "empty",
    "constant",
    "missing",
    "fraction",
    "repeats",
    "unseen",
    "vanished",
)


@dataclass(frozen=True)
class ColumnQuality:
    """One column's facts before and after; None where a table lacks it."""

    name: str
    reference: ColumnSummary | None
    current: ColumnSummary | None
    breaks: tuple[Break, ...] = ()

    JSON: ClassVar[Keys] = ("name", "reference", "current")


@dataclass(frozen=True)
class Quality:
    """The facts of every column.

    Parameters
    ----------
    columns : tuple of ColumnQuality
        In the reference's order, then those of current alone.
    """

    columns: tuple[ColumnQuality, ...] = ()

    JSON: ClassVar[Keys] = ("breaks", "columns")

    @property
    def breaks(self) -> tuple[Break, ...]:
        """What broke: notable facts first, by kind."""
        found = [b for column in self.columns for b in column.breaks]
        return tuple(sorted(found, key=lambda b: (not b.notable, _ORDER.index(b.what))))


def quality(
    reference: Mapping[str, ColumnSummary], current: Mapping[str, ColumnSummary], labels: str | None = None
) -> Quality:
    """Put both tables' facts side by side; rows without ``labels`` are rows that wait for theirs, and no fault."""
    names = [*reference, *(n for n in current if n not in reference)]
    out = []
    for name in names:
        a, b = reference.get(name), current.get(name)
        found = breaks(a, b) if a is not None and b is not None else ()
        if name == labels:
            found = tuple(f for f in found if f.what not in ("missing", "empty"))
        out.append(ColumnQuality(name, a, b, found))
    return Quality(tuple(out))


def summaries(frame: Frame, profile: Profile | None) -> Summaries:
    """The facts of a table's columns; of a profile those of all rows that it counted, not only of the kept ones."""
    if profile is not None:
        return summaries_of_profile(profile)
    columns = frame.arrow.column_names
    found = thread_map(lambda n: summary(n, frame.arrow[n]), columns, values=frame.n * len(columns))
    return dict(zip(columns, found))


def summaries_of_profile(held: Profile) -> Summaries:
    """The same from a profile."""
    return {name: summary_of_profile(column) for name, column in held.columns.items()}


def read_alike(a: Summaries, b: Summaries, frames: tuple[Frame, Frame]) -> None:
    """Text that only one table's values make numbers of is text in both, where both store it as text."""
    for name in a.keys() & b.keys():
        sides = a[name], b[name]
        if sides[0].family != sides[1].family and all(_stores_text(frame, name) for frame in frames):
            for side, frame in zip((a, b), frames):
                side[name] = summary(name, frame.arrow[name], read=False)


def _stores_text(frame: Frame, name: str) -> bool:
    import pyarrow as pa

    if name not in frame.arrow.column_names:
        return False
    kind = frame.arrow.schema.field(name).type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
