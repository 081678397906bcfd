"""The report's sections on what needs no test: the columns themselves, what broke, and every column's facts."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ecotone.checkup.document import CheckContent
from ecotone.checkup.quality import ColumnQuality, ColumnSummary
from ecotone.checkup.words import number, plain

from ._fact_words import break_lines, contract_lines, schema_lines, untested_lines
from ._templates import render

_ROWS = 400
#: By the title of a figure, the summary's name of it.
_COUNTED = {"count": "rows", "missing": "missing", "distinct": "distinct"}
_ORDERED = {"min": "least", "median": "shown_median", "mean": "shown_mean", "max": "largest"}


def schema_changes(content: CheckContent, *, redact: bool) -> Markup:
    """What became of the columns themselves, and which of them no test read."""
    found = content.schema
    changed, untested = schema_lines(found, redact=redact), untested_lines(found.untested, redact=redact)
    if not changed and not untested:
        return Markup()
    lines = _clipped([*changed, *(f"not compared: {line}" for line in untested)])
    return render("check/schema.html", compared=found.compared, columns=found.columns, lines=lines)


def contract(content: CheckContent, *, redact: bool) -> Markup:
    """How current keeps the contract."""
    kept = content.contract
    if kept is None:
        return Markup()
    lines = _clipped(contract_lines(kept, redact=redact))
    return render("check/contract.html", found=len(kept.violations), columns=kept.columns, lines=lines)


def broken(content: CheckContent, *, redact: bool) -> Markup:
    """Plain facts that hold for one table and not for the other."""
    lines = break_lines(content.quality, redact=redact)
    return render("check/broken.html", lines=_clipped(lines)) if lines else Markup()


def _clipped(lines: list[str]) -> list[str]:
    return [plain(line, 300) for line in lines]


@dataclass(frozen=True)
class _Facts:
    name: str
    note: str
    figures: list[str]


def facts(content: CheckContent, *, redact: bool) -> Markup:
    """Every column before and after, folded."""
    columns = content.quality.columns
    shown = _COUNTED if redact else {**_COUNTED, **_ORDERED}
    rows = [_row(column, list(shown.values())) for column in columns[:_ROWS]]
    return render("check/facts.html", shown=list(shown), rows=rows, hidden=len(columns) - _ROWS)


def _row(column: ColumnQuality, shown: list[str]) -> _Facts:
    sides = column.reference, column.current
    note = " (new)" if sides[0] is None else " (lost)" if sides[1] is None else ""
    return _Facts(column.name, note, [_both([_figure(side, what) for side in sides]) for what in shown])


def _both(values: list[str]) -> str:
    return values[0] if values[0] == values[1] else f"{values[0]} → {values[1]}"


def _figure(side: ColumnSummary | None, what: str) -> str:
    value = None if side is None else getattr(side, what)
    if side is None or value is None:
        return "–"
    if isinstance(value, str):
        return value[:10]
    about = "about " if what == "distinct" and side.estimated else ""
    return about + (f"{value:,}" if isinstance(value, int) else number(value))
