"""Equal rows of the tables, and what was done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BothSides:
    """One count of each table."""

    reference: int
    current: int


@dataclass(frozen=True)
class Duplicates:
    """Equal rows.

    Parameters
    ----------
    reference, current : int
        Rows that were left out as copies.
    overlap : int
        Rows of current that equal one of the reference's, not by chance.
    kept : BothSides
        Rows that equal an earlier one and take part.
    times : BothSides
        How often each whole table is repeated in itself (1: it is not).
    commonest : BothSides
        How often the commonest row takes part.
    pvalue : float or None
        Of equal rows falling on the tables as rows do that repeat by nature; None: there was nothing to judge.
    """

    reference: int
    current: int
    overlap: int
    kept: BothSides
    times: BothSides
    commonest: BothSides
    pvalue: float | None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Duplicates:
        """From the counts that the aligned tables carry."""
        pairs = {name: BothSides(**found[name]) for name in ("kept", "times", "commonest")}
        return cls(**{**found, **pairs})


@dataclass(frozen=True)
class DuplicatesNotSought:
    """Counts alone were compared, and copies of rows show in rows only."""

    reference: None = None
    current: None = None
    overlap: None = None
