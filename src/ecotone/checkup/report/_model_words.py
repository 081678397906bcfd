"""What a report says of a model in several places."""

from __future__ import annotations

from typing import Any


def rests_on(columns: dict[str, Any]) -> str:
    """Which columns estimates and attribution read, in a line."""
    used = len(columns["used"])
    if columns["source"] == "unknown":
        return f"rests on {used:,} columns: name those that the model reads with --features"
    return f"rests on the {used:,} column{'' if used == 1 else 's'} that the model reads ({columns['source']})"


def undefined(quality: dict[str, Any]) -> bool:
    """Whether the metric is 0/0 on one of the sides that the test compares."""
    sides = (quality["reference"], quality.get("actual") or {"value": quality.get("estimate")})
    return any(side["value"] is None for side in sides)
