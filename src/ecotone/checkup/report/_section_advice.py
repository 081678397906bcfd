"""The report's section on what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ._templates import render

_MOST = 12


@dataclass(frozen=True)
class _Advice:
    action: str
    why: str
    expected: str
    method: str | None
    others: list[str]


def advice(content: dict[str, Any], *, redact: bool) -> Markup:
    """What to do, or where to look."""
    items = [
        _Advice(i["action"], _why(i, redact=redact), i["expected"], i.get("method"), (i.get("others") or [])[:3])
        for i in content["advice"][:_MOST]
    ]
    return render("check/advice.html", advice=items, said=_without(content))


def _without(content: dict[str, Any]) -> str:
    """What is said where there is no advice."""
    if not content["headline"]["alarms"]:
        return "Nothing: no alarm was raised."
    said = "See below what moved, and whether it was meant to."
    if content["rows"].get("reason"):
        said += " Tables or profiles with rows would show which rows lie outside, and what a model loses."
    elif content["performance"] is None:
        said += " Give a model, or its predictions, and a target to learn what the change does to it."
    return said


def _why(item: dict[str, Any], *, redact: bool) -> str:
    """The finding; a class's name is a value of rows."""
    name = (item.get("numbers") or {}).get("class") if redact else None
    return str(item["why"]) if name is None else str(item["why"]).replace(f"class {name!r}", "one class")
