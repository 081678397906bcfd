"""One thing to do, and what it brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ecotone.checkup.as_json import Keys
from ecotone.checkup.performance import RowToLabel
from ecotone.checkup.rows import Place


@dataclass(frozen=True)
class AdviceItem:
    """What to do about a finding.

    Parameters
    ----------
    need : str
        The kind of finding, as in a card's ``remedy_for``; ``for`` in JSON.
    action : str
    method : str or None
        The best proved remedy; None where the user alone can act.
    others : tuple of str
        Further remedies.
    why : str
    expected : str
        What acting on it is expected to bring.
    numbers : mapping
        Behind the words, by name.
    rows : tuple of Place or RowToLabel
        The rows that it is about.
    """

    need: str
    action: str
    method: str | None
    others: tuple[str, ...]
    why: str
    expected: str
    numbers: Mapping[str, Any]
    rows: tuple[RowToLabel | Place, ...]

    JSON: ClassVar[Keys] = (("for", "need"), "action", "method", "others", "why", "expected", "numbers", "rows")
