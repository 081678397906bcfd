"""A finding that a remedy is wanted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecotone.checkup.as_json import to_dict
from ecotone.checkup.rows import Place

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
    numbers : mapping
        JSON-ready, by name.
    rows : tuple of Place
        Those that it is about.
    action : str
        Where no card is the remedy.
    """

    kind: str
    why: str
    expected: str
    weight: float
    numbers: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Place, ...] = ()
    action: str = ""


def numbers_of(found: Any, *without: str) -> dict[str, Any]:
    """The numbers of a finding, without its lists of rows and what else is named."""
    return {name: value for name, value in to_dict(found).items() if name not in ("index", *without)}
