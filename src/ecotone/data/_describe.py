"""What was read, in a form for the report."""

from __future__ import annotations

from typing import Any

from ._table import Column, Pair, Table


def describe(pair: Pair) -> dict[str, Any]:
    """Sizes, kinds, levels, what was left out and why: JSON-ready.

    Parameters
    ----------
    pair : Pair

    Returns
    -------
    dict
        ``reference`` and ``current`` (``rows_read``, ``rows``, ``sources``), ``columns`` (``name``, ``kind``, number
        of ``levels``, share ``missing`` in each table, ``derived_from``), ``roles``, ``untested``, ``duplicates``,
        ``notes``.

    Examples
    --------
    >>> from ecotone.data import align_tables, read_table
    >>> both = align_tables(read_table({"x": [1.5, None]}), read_table({"x": [2.5, 3.5]}, name="current"))
    >>> describe(both)["columns"]
    [{'name': 'x', 'kind': 'numeric', 'levels': 0, 'missing': [0.5, 0.0], 'derived_from': None}]
    """
    return {
        "reference": _table(pair.reference),
        "current": _table(pair.current),
        "columns": [_column(a, b) for a, b in zip(pair.reference, pair.current)],
        "roles": {
            role: {"name": a.name, "kind": a.kind, "in_current": b is not None}
            for role, (a, b) in pair.roles.items()
            if a is not None
        },
        "untested": [{"name": u.name, "kind": u.kind, "reason": u.reason} for u in pair.untested],
        "duplicates": dict(pair.duplicates),
        "notes": list(pair.notes),
    }


def _table(table: Table) -> dict[str, Any]:
    sources = [{"name": part.name, "rows": part.rows} for part in table.parts]
    return {"rows_read": sum(part.rows for part in table.parts), "rows": table.n, "sources": sources}


def _column(a: Column, b: Column) -> dict[str, Any]:
    return {
        "name": a.name,
        "kind": a.kind,
        "levels": len(a.levels),
        "missing": [float(c.missing.mean()) for c in (a, b)],
        "derived_from": a.derived_from,
    }
