"""What the change of a metric is made of, as the page draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ._format import between, ends, plain, precise
from ._markup import names
from ._tracks import Row, tracks

_LABELS = "p(y|x)"


@dataclass(frozen=True)
class Waterfall:
    """Steps from the reference's metric to the current one.

    Parameters
    ----------
    said : str
        How much is due to the columns, and how much to the labels given them.
    drawn : Markup
    level : float
        Of the intervals.
    """

    said: str
    drawn: Markup
    level: float


def attribution(quality: dict[str, Any]) -> Waterfall | None:
    """The parts of the change, the largest first and that of the labels last, if they are known."""
    found = quality.get("attribution")
    if not found or not found.get("parts"):
        return None
    start = found.get("from", quality["reference"]["value"])
    show = _plus if abs(start) < 0.01 or abs(start) >= 2 else lambda v: f"{v:+.3f}"
    rows = _steps(found, start, 1.0 if quality["greater_is_better"] else -1.0, show)
    return Waterfall(_summary(found), tracks(rows), found.get("level", 0.9))


def _steps(found: dict[str, Any], start: float, sign: float, show: Callable[[float], str]) -> list[Row]:
    intervals, blocks = found.get("intervals") or {}, found.get("blocks") or {}
    rows, level = [Row("reference", [("rule", "ref", start)], precise(start))], start
    for part, value in sorted(found["parts"].items(), key=lambda part: (part[0] == _LABELS, -abs(part[1]))):
        reach = ends(intervals.get(part))
        marks: list[Any] = [("bar", "worse" if sign * value < 0 else "better", level, level + value)]
        marks += [("line", "thin", level + reach[0], level + reach[1])] if reach else []
        label, small = _part(part, blocks.get(part))
        rows.append(Row(label, marks, f"{show(value)} {between(reach, show)}", small))
        level += value
    return [*rows, Row("now", [("rule", "cur", level)], f"{precise(level)} ({show(level - start)})")]


def _plus(value: float) -> str:
    return precise(value, plus=True)


def _part(part: str, block: list[str] | None) -> tuple[str | Markup, str]:
    if part == _LABELS:
        return "the answer given the columns", _LABELS
    return names(block, 3, 30) if block else plain(part, 80), ""


def _summary(found: dict[str, Any]) -> str:
    summary = found.get("summary") or {}
    words = {"p(x)": "Because the columns moved", _LABELS: "because the answer to the same columns changed"}
    told = [
        f"{words[k]}: {_plus(summary[k]['value'])} {between(summary[k].get('interval'), _plus)}"
        for k in words
        if k in summary
    ]
    return "; ".join(told) + "." if told else ""
