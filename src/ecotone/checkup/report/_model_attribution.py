"""What the change of a metric is made of, as the page draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ecotone.checkup.performance import COLUMNS, LABELS, Attribution, Performance
from ecotone.checkup.words import between, ends, plain, precise

from ._markup import names
from ._tracks import Row, tracks


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


def attribution(model: Performance) -> Waterfall | None:
    """The parts of the change, the largest first and that of the labels last, if they are known."""
    found = model.attribution
    if found is None or not found.parts:
        return None
    show = _plus if abs(found.start) < 0.01 or abs(found.start) >= 2 else lambda v: f"{v:+.3f}"
    rows = _steps(found, 1.0 if model.greater_is_better else -1.0, show)
    return Waterfall(_summary(found), tracks(rows), found.level)


def _steps(found: Attribution, sign: float, show: Callable[[float], str]) -> list[Row]:
    start = found.start
    rows, level = [Row("reference", [("rule", "ref", start)], precise(start))], start
    for part, value in sorted(found.parts.items(), key=lambda part: (part[0] == LABELS, -abs(part[1]))):
        reach = ends(found.intervals.get(part))
        marks: list[Any] = [("bar", "worse" if sign * value < 0 else "better", level, level + value)]
        marks += [("line", "thin", level + reach[0], level + reach[1])] if reach else []
        label, small = _part(part, found.blocks.get(part))
        rows.append(Row(label, marks, f"{show(value)} {between(reach, show)}", small))
        level += value
    return [*rows, Row("now", [("rule", "cur", level)], f"{precise(level)} ({show(level - start)})")]


def _plus(value: float) -> str:
    return precise(value, plus=True)


def _part(part: str, block: Sequence[str] | None) -> tuple[str | Markup, str]:
    if part == LABELS:
        return "the answer given the columns", LABELS
    return names(block, 3, 30) if block else plain(part, 80), ""


def _summary(found: Attribution) -> str:
    words = {COLUMNS: "Because the columns moved", LABELS: "because the answer to the same columns changed"}
    told = [
        f"{words[part]}: {_plus(cause.value)} {between(cause.interval, _plus)}" for part, cause in found.summary.items()
    ]
    return "; ".join(told) + "." if told else ""
