"""What rows were matched on, how many have a counterpart, and which have none."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.data import Strata

from ._duplicates_summary import BothSides


@dataclass(frozen=True)
class NotMatched:
    """Strata of which no row is compared: ``why`` is ``only`` (one table alone has them) or ``few``."""

    table: str
    why: str
    strata: tuple[str, ...]
    rows: int
    sentence: str


@dataclass(frozen=True)
class Given:
    """What was compared at equal values of what.

    Parameters
    ----------
    columns : tuple of str
        As asked for.
    strata : int
        That are compared.
    ratio : float
        Reference rows (or entities) to one of current, the same in every stratum.
    matched, read : BothSides
        Rows that are compared, and that could have been.
    left_out : tuple of NotMatched
    binned : tuple of str
        Columns of numbers that were cut into bins.
    sentences : tuple of str
        The same in words.
    """

    columns: tuple[str, ...]
    strata: int
    ratio: float
    matched: BothSides
    read: BothSides
    left_out: tuple[NotMatched, ...]
    binned: tuple[str, ...]
    sentences: tuple[str, ...]

    @classmethod
    def of(cls, strata: Strata) -> Given:
        """From the strata that the tables were matched in."""
        return cls(
            columns=strata.given,
            strata=strata.count,
            ratio=strata.ratio,
            matched=BothSides(*strata.matched),
            read=BothSides(*strata.read),
            left_out=tuple(NotMatched(x.table, x.why, x.names, x.rows, x.said()) for x in strata.left_out),
            binned=strata.cut,
            sentences=strata.said(),
        )
