"""What the change of a metric is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ecotone.checkup.as_json import Keys

LABELS = "p(y|x)"
"""The part of a drop that comes from how labels follow the columns."""

COLUMNS = "p(x)"
"""The part that comes from the columns."""


@dataclass(frozen=True)
class PartOfChange:
    """How much of the change is due to one cause."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Attribution:
    """Shapley values of a metric's change.

    Parameters
    ----------
    total : float
    start : float
        The reference's metric; ``from`` in JSON.
    parts : mapping of str to float
        By block of columns, their dependence, and the labels given the columns; they sum to the total.
    intervals : mapping of str to (float, float)
        Of the parts, where they could be had.
    summary : mapping of str to PartOfChange
        Of ``p(x)`` and ``p(y|x)``.
    blocks : mapping of str to tuple of str
        The columns of each part that is a block.
    level : float
        Of the intervals.
    """

    total: float
    start: float
    parts: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    summary: Mapping[str, PartOfChange]
    blocks: Mapping[str, tuple[str, ...]]
    level: float

    JSON: ClassVar[Keys] = ("total", ("from", "start"), "parts", "intervals", "summary", "blocks", "level")
