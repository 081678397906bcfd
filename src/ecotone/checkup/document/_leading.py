"""Which findings lead: the columns that are named first, and the pair that may be named."""

from __future__ import annotations

from collections.abc import Sequence

from ._column_entry import ColumnEntry, ComparedColumn
from ._verdict import PairOfColumns, Verdict

_MOVED = ("moved", "moved with others", "relation")


def leading(columns: Sequence[ColumnEntry]) -> list[ComparedColumn]:
    """The columns that are named: material ones first, then the largest effect first, relations last."""
    named = [c for c in columns if isinstance(c, ComparedColumn) and c.role in _MOVED]
    return sorted(named, key=lambda c: (not c.marginal.material, c.role == "relation", -abs(c.marginal.effect or 0.0)))


def material(columns: Sequence[ColumnEntry]) -> list[ComparedColumn]:
    """The columns whose own effect is shown to exceed the minimum, the largest first."""
    return [c for c in leading(columns) if c.marginal.material]


def convincing(verdict: Verdict) -> PairOfColumns | None:
    """The most changed pair, where the pairs' own part of alpha holds for it and for its family."""
    family = next((f for f in verdict.families if f.name == "pairs"), None)
    if not verdict.changed or family is None or family.reason is not None or family.pvalue is None:
        return None
    level = family.share * verdict.alpha
    if family.pvalue > level:
        return None
    return next((p for p in verdict.pairs if p.pvalue <= level and p.columns[0] != p.columns[1]), None)
