"""What a monitor's alarms may be taken for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ecotone.compare.two_sample import dependence
from ecotone.data import Frame, Roles, align_tables

State = Literal["exact", "assumed", "withdrawn"]


@dataclass(frozen=True)
class Guarantee:
    """The promise about false alarms, and whether it stands.

    Parameters
    ----------
    says : str
        The promise in one sentence.
    state : {"exact", "assumed", "withdrawn"}
        Withdrawn where rows of the reference were found to depend on each other.
    reason, remedy : str
    known : frozenset of str
        All columns of the reference.
    """

    says: str
    state: State
    reason: str
    remedy: str = ""
    known: frozenset[str] = field(default_factory=frozenset)


def guarantee(
    reference: Frame, roles: Roles, *, independent: bool, arl: float | None, ever: float | None, seed: int
) -> Guarantee:
    """Look for dependence between the reference's rows, its first half against its second."""
    says = (
        f"at least {arl:,.0f} rows to the first false alarm, on average"
        if arl is not None
        else f"a false alarm, ever, with probability at most {ever:g}"
    )
    known = frozenset(reference.arrow.column_names)
    if independent:
        return Guarantee(says, "assumed", "rows were said to be independent; nothing was looked at", known=known)
    half = reference.n // 2
    halves = (
        Frame(reference.arrow.slice(0, half), (), name="reference"),
        Frame(reference.arrow.slice(half), (), name="current"),
    )
    ties = dependence(align_tables(*halves, roles, seed=seed), entity=False, time=False, seed=seed)
    if ties.guarantee == "withdrawn":
        remedy = "watch every k-th row, or one row an entity, so that rows that depend on each other do not meet"
        return Guarantee(says, "withdrawn", ties.reason, remedy, known)
    return Guarantee(says, "exact", ties.reason, known=known)
