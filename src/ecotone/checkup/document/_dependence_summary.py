"""Whether rows lean on each other: what was declared, what was looked for, and what that does to the guarantee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecotone.compare.two_sample import Dependence, Guarantee


@dataclass(frozen=True)
class OrderTest:
    """A test along an order: of rows (``serial``), or of units that were declared (``among``).

    ``value`` is the factor by which dependence widens the variance of a difference of the tables.
    """

    what: str
    table: str
    column: str | None
    rows: int
    value: float
    pvalue: float
    detected: bool


@dataclass(frozen=True)
class EntityTest:
    """A test of rows with an equal value in a column: of its levels so many are in one table only, so many expected."""

    what: str
    table: str
    column: str
    exclusive: int
    levels: int
    expected: float
    value: float | None
    pvalue: float | None
    detected: bool


@dataclass(frozen=True)
class TimeLength:
    """How long rows in order of a time column stay alike: a strength by which blocks are cut, and no test."""

    what: str
    column: str | None
    value: float
    detected: bool


DependenceTest = OrderTest | EntityTest | TimeLength


@dataclass(frozen=True)
class DependenceSummary:
    """What is known about the dependence of rows.

    Parameters
    ----------
    declared : tuple of str
        ``entity``, ``time``, ``independent``.
    found : tuple of OrderTest, EntityTest or TimeLength
    guarantee : str
        Of every p-value that follows.
    remedy : str
        What the user can do where the guarantee is withdrawn.
    """

    declared: tuple[str, ...]
    found: tuple[DependenceTest, ...]
    guarantee: Guarantee
    remedy: str

    @classmethod
    def of(cls, ties: Dependence) -> DependenceSummary:
        """What a check tells of it."""
        return cls(ties.declared, tuple(_test(entry) for entry in ties.found), ties.guarantee, ties.remedy)


def _test(entry: Mapping[str, Any]) -> DependenceTest:
    kind = EntityTest if "exclusive" in entry else OrderTest if "rows" in entry else TimeLength
    return kind(**entry)
