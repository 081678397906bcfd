"""Columns that pandas wrote to hold its index: no columns of the table."""

from __future__ import annotations

import json

import pyarrow as pa

from ._periods import dated_type


def without_index(schema: pa.Schema) -> pa.Schema:
    """A schema without the columns that its pandas metadata calls an index, without metadata; periods as dates."""
    index = set(_index_columns(schema))
    return pa.schema([pa.field(field.name, dated_type(field)) for field in schema if field.name not in index])


def _index_columns(schema: pa.Schema) -> list[str]:
    try:
        found = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        columns = found.get("index_columns", []) if isinstance(found, dict) else []
    except (ValueError, RecursionError):  # somebody else's metadata
        return []
    return [c for c in columns if isinstance(c, str)] if isinstance(columns, list) else []
