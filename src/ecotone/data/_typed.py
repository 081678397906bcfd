"""What one column became, and the few shapes that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Floats

from ._pooled_column import PooledColumn
from ._table import Column, Untested


@dataclass(frozen=True)
class Typed:
    """What one column became.

    Parameters
    ----------
    features : tuple of Column
        Over the pooled rows, reference's first; the column itself, or what was derived from it.
    untested : Untested or None
    aside : Column or None
        Identifiers, date-times and sentences: not features, but kept for what looks for units and order.
    notes : tuple of str
    """

    features: tuple[Column, ...] = ()
    untested: Untested | None = None
    aside: Column | None = None
    notes: tuple[str, ...] = ()


def indicator(raw: PooledColumn) -> Column:
    return Column(f"{raw.name} [missing]", "boolean", raw.missing.astype(np.float64), ("false", "true"), raw.name)


def lone(raw: PooledColumn, value: str) -> Typed:
    """A column of one value: constant, unless some rows lack it."""
    reason = Untested(raw.name, "constant", f"constant: {value[:60]!r} in every row that has a value")
    return Typed((indicator(raw),) if raw.missing.any() else (), reason)


def set_aside(raw: PooledColumn, kind: str, reason: str, values: Floats) -> Typed:
    column = Column(raw.name, "datetime" if kind == "datetime" else "id", values)
    features = (indicator(raw),) if raw.missing.any() else ()
    return Typed(features, Untested(raw.name, kind, reason), column)
