"""What a comparison within strata does to the guarantee."""

from __future__ import annotations

from dataclasses import replace

from ecotone.compare.two_sample import Dependence
from ecotone.data import Pair


def within_strata(ties: Dependence, both: Pair) -> Dependence:
    """The same statement for rows matched within strata: on the safe side, but proved for large samples only."""
    if both.strata is None or ties.guarantee != "exact":
        return ties
    said = f"rows were matched on {', '.join(both.strata.given)}, with which fewer alarms than that are to be expected"
    return replace(ties, guarantee="approximate", reason=f"{said}; {ties.reason}")
