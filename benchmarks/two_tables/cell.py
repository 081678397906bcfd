"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One line of the table.

    Parameters
    ----------
    name : str
        Also the name of its entry in the results.
    group : str
        ``level``, ``dependence``, ``power``, ``columns``, ``rows``, ``accuracy``, ``effect``, ``counts`` (profiles
        without rows), ``repeats`` (rows that repeat by nature, or were copied), ``given`` (within strata),
        ``embedding``, ``share`` (outside), ``wide`` (hundreds of columns).
    measure : str
        Name of the function in :mod:`measures` that turns one seed into one record.
    draw : dict
        Its arguments.
    replicates : int
    require : dict
        Figure name to (``"<="`` or ``">="``, bound); ``"level"`` means ``<= .05 + 3 se``, ``"share"`` the same of
        .005; None is printed only.
    seed : int
        First seed; each cell has seeds of its own.
    """

    name: str
    group: str
    measure: str
    draw: dict[str, Any]
    replicates: int
    require: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
