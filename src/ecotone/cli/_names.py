"""Names of columns on a command line."""

from __future__ import annotations

import csv


def split_names(given: list[str] | None) -> list[str] | None:
    """Names from options that may repeat and may hold commas; a name with a comma in it stands in double quotes."""
    if not given:
        return None
    return [name for entry in given for name in _fields(entry) if name]


def _fields(entry: str) -> list[str]:
    try:
        return next(csv.reader([entry])) if '"' in entry else entry.split(",")
    except csv.Error:
        return [entry]
