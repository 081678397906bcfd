"""Where a row stands in its source."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.contracts import Ints
from ecotone.data import Pair


@dataclass(frozen=True)
class Place:
    """The file and the row in it, counted from 0."""

    file: str
    row: int


def places(pair: Pair, rows: Ints) -> tuple[Place, ...]:
    """Of current rows, in the order given."""
    return tuple(Place(*pair.current.where(int(i))) for i in rows)
