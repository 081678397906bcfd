"""Why a row was named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SurprisingValue:
    """A column that makes a row surprising: its value (None: missing), and how much it adds."""

    column: str
    value: float | str | None
    contribution: float


@dataclass(frozen=True)
class RowReason:
    """A row that was named.

    Parameters
    ----------
    file : str
    row : int
        In the file, counted from 0.
    pvalue : float
        For this row alone.
    copies : int
        Other current rows that equal it.
    columns : tuple of SurprisingValue
        Given the other columns, the most surprising first.
    """

    file: str
    row: int
    pvalue: float
    copies: int
    columns: tuple[SurprisingValue, ...]
