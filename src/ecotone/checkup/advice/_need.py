"""A finding that a remedy is wanted for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MOST_ROWS = 200  # listed to be deferred


@dataclass(frozen=True)
class Need:
    """Something that a remedy is wanted for.

    Parameters
    ----------
    kind : str
        As in a card's ``remedy_for``.
    why : str
        The finding.
    expected : str
        What acting on it is expected to bring.
    weight : float
        Larger is told first. 10: nothing else can be believed before; 3 and up: the metric's loss, by the share that
        comes back; 2: keeps the model from rows that it cannot judge; 1: knowledge only.
    more : dict
        JSON-ready numbers; lists of rows under ``index``.
    action : str
        Where no card is the remedy.
    """

    kind: str
    why: str
    expected: str
    weight: float
    more: dict[str, Any] = field(default_factory=dict)
    action: str = ""
