"""The summary of a check's columns as a data frame."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ._leading import leading

_SIDES = ("reference", "current")
_FIGURES = ("count", "missing", "distinct", "min", "max", "mean", "median")


def columns_frame(content: dict[str, Any]) -> Any:
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


def columns_table(content: dict[str, Any]) -> pa.Table:
    """The same as an Arrow table; ``min`` to ``median`` are texts where a date is among the columns."""
    facts = {entry["name"]: entry for entry in content["quality"]["columns"]}
    first = leading(content["columns"])
    named = {column["name"] for column in first}
    entries = [*first, *(c for c in content["columns"] if c["name"] not in named)]
    seen = {c["name"] for c in entries}
    rows = [_row(c, facts.get(c["name"])) for c in entries]
    rows += [_row({"name": name, "role": "not compared"}, entry) for name, entry in facts.items() if name not in seen]
    names = list(rows[0]) if rows else []
    return pa.table({name: _array([row[name] for row in rows]) for name in names})


def _row(column: dict[str, Any], facts: dict[str, Any] | None) -> dict[str, Any]:
    marginal, conditional = column.get("marginal") or {}, column.get("conditional") or {}
    low, high = marginal.get("interval") or (None, None)
    row = {
        "name": column["name"], "kind": column.get("kind"), "role": column["role"],
        "changed": marginal.get("changed"), "material": marginal.get("material"),
        "effect_name": marginal.get("effect_name"), "effect": marginal.get("effect"),
        "effect_low": low, "effect_high": high,
        "pvalue": marginal.get("pvalue"), "pvalue_given_others": conditional.get("pvalue"),
        "how": column.get("sentence") or None, "untested": column.get("reason"),
    }  # fmt: skip
    for figure in _FIGURES:
        for side in _SIDES:
            held = (facts or {}).get(side)
            row[f"{figure}_{side}"] = None if held is None else held[figure]
    return row


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
