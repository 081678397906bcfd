"""A finding that a remedy is wanted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecotone.checkup.as_json import to_dict
from ecotone.checkup.rows import Place
from ecotone.contracts import Case

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
    weight : float
        Larger is told first, as in :class:`~ecotone.contracts.Expectation`, whose own weight goes before; 10: nothing
        else can be believed before.
    case : Case or None
        What the remedies' own files say of, that is: what to expect of them.
    numbers : mapping
        JSON-ready, by name.
    rows : tuple of Place
        Those that it is about.
    action, expected : str
        Where no card is the remedy: what the user is to do, and what that brings.
    """

    kind: str
    why: str
    weight: float
    case: Case | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Place, ...] = ()
    action: str = ""
    expected: str = ""


def numbers_of(found: Any, *without: str) -> dict[str, Any]:
    """The numbers of a finding, without its lists of rows and what else is named."""
    return {name: value for name, value in to_dict(found).items() if name not in ("index", *without)}
