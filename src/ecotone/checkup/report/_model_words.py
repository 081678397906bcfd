"""What a report says of a model in several places."""

from __future__ import annotations

from ecotone.checkup.performance import ColumnsRead


def rests_on(columns: ColumnsRead) -> str:
    """Which columns estimates and attribution read, in a line."""
    used = len(columns.used)
    if columns.source == "unknown":
        return f"rests on {used:,} columns: name those that the model reads with --features"
    return f"rests on the {used:,} column{'' if used == 1 else 's'} that the model reads ({columns.source})"
