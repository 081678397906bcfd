"""The summary of a check's columns as a data frame."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ecotone.checkup.document import CheckContent, ColumnEntry, ComparedColumn, leading
from ecotone.checkup.quality import ColumnQuality

_SIDES = ("reference", "current")
#: By the table's name for a figure, the summary's.
_FIGURES = {
    "count": "rows", "missing": "missing", "distinct": "distinct", "min": "least", "max": "largest",
    "mean": "shown_mean", "median": "shown_median",
}  # fmt: skip


def columns_frame(content: CheckContent) -> Any:
    """One row a column: what was found, its effect, and its facts before and after.

    Columns that lead a report lead here; then the others that were tested, the untested, and those that are compared
    in no way.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Of the first of these libraries that is installed.
    """
    table = columns_table(content)
    try:
        import pandas  # noqa: F401  (Arrow makes the frame)
    except ImportError:
        pass
    else:
        return table.to_pandas()
    try:
        import polars
    except ImportError:
        return table
    return polars.from_arrow(table)


def columns_table(content: CheckContent) -> pa.Table:
    """The same as an Arrow table; ``min`` to ``median`` are texts where a date is among the columns."""
    facts = {entry.name: entry for entry in content.quality.columns}
    first: list[ColumnEntry] = [*leading(content.columns)]
    named = {column.name for column in first}
    entries = [*first, *(c for c in content.columns if c.name not in named)]
    seen = {c.name for c in entries}
    rows = [{**_found(c), **_facts(facts.get(c.name))} for c in entries]
    rows += [{**_not_compared(name), **_facts(entry)} for name, entry in facts.items() if name not in seen]
    names = list(rows[0]) if rows else []
    return pa.table({name: _array([row[name] for row in rows]) for name in names})


def _found(column: ColumnEntry) -> dict[str, Any]:
    if not isinstance(column, ComparedColumn):
        return {**_not_compared(column.name), "kind": column.kind, "role": column.role, "untested": column.reason}
    marginal = column.marginal
    low, high = marginal.interval or (None, None)
    return {
        "name": column.name, "kind": column.kind, "role": column.role, "changed": marginal.changed,
        "material": marginal.material, "effect_name": marginal.effect_name, "effect": marginal.effect,
        "effect_low": low, "effect_high": high, "pvalue": marginal.pvalue,
        "pvalue_given_others": column.conditional.pvalue, "how": column.sentence or None, "untested": column.reason,
    }  # fmt: skip


def _not_compared(name: str) -> dict[str, Any]:
    lacking = ("kind", "role", "changed", "material", "effect_name", "effect", "effect_low", "effect_high", "pvalue",
               "pvalue_given_others", "how", "untested")  # fmt: skip
    return {"name": name, **dict.fromkeys(lacking), "role": "not compared"}


def _facts(entry: ColumnQuality | None) -> dict[str, Any]:
    sides = {side: None if entry is None else getattr(entry, side) for side in _SIDES}
    return {
        f"{figure}_{side}": None if held is None else getattr(held, name)
        for figure, name in _FIGURES.items()
        for side, held in sides.items()
    }


def _array(values: list[Any]) -> pa.Array:
    """One type a column: numbers where all are, text where a date is among them."""
    if any(isinstance(v, str) for v in values):
        return pa.array([None if v is None else str(v) for v in values], pa.string())
    kinds = {type(v) for v in values if v is not None}
    if kinds == {int, float} or kinds == {float}:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    if kinds == {int} and max(abs(v) for v in values if v is not None) >= 2**63:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array(values)
