"""The report's sections on what needs no test: the columns themselves, what broke, and every column's facts."""

from __future__ import annotations

from typing import Any

from ._fact_words import break_lines, contract_lines, schema_lines, untested_lines
from ._format import number, text
from ._html import folded, items, name, table

_ROWS = 400
_COUNTED = ("count", "missing", "distinct")
_ORDERED = ("min", "median", "mean", "max")


def schema_changes(content: dict[str, Any], *, redact: bool) -> str:
    """What became of the columns themselves, and which of them no test read."""
    found = content["schema"]
    changed, untested = schema_lines(found, redact=redact), untested_lines(found["untested"], redact=redact)
    if not changed and not untested:
        return ""
    told = items(text(line, 300) for line in [*changed, *(f"not compared: {line}" for line in untested)])
    return f"<h2>Columns</h2><p>{found['compared']:,} of {found['columns']:,} columns were compared.</p>{told}"


def given(content: dict[str, Any], *, redact: bool) -> str:
    """What rows were matched on, and which have no counterpart."""
    found = content["data"].get("given")
    if found is None:
        return ""
    said = "; ".join(found["sentences"][:1] if redact else found["sentences"])
    return f'<p class="note">{text(said[:1].upper() + said[1:], 900)}.</p>'


def contract(content: dict[str, Any], *, redact: bool) -> str:
    """How current keeps the contract."""
    kept = content["contract"]
    if kept is None:
        return ""
    found = len(kept["violations"])
    said = f"{found:,} violation{'' if found == 1 else 's'} of a contract on {kept['columns']:,} columns."
    return f"<h2>Contract</h2><p>{said}</p>{items(text(line, 300) for line in contract_lines(kept, redact=redact))}"


def broken(content: dict[str, Any], *, redact: bool) -> str:
    """Plain facts that hold for one table and not for the other."""
    lines = break_lines(content["quality"], redact=redact)
    if not lines:
        return ""
    return (
        '<h2>What broke</h2><p class="small soft">Plain facts, each true of these tables. No test stands behind '
        f"them, and they cost none of alpha.</p>{items(text(line, 300) for line in lines)}"
    )


def facts(content: dict[str, Any], *, redact: bool) -> str:
    """Every column before and after, folded."""
    columns = content["quality"]["columns"]
    rows = [_row(column, redact=redact) for column in columns[:_ROWS]]
    hidden = len(columns) - _ROWS
    more = f'<p class="soft">{hidden:,} more columns are in the JSON.</p>' if hidden > 0 else ""
    shown = _COUNTED if redact else (*_COUNTED, *_ORDERED)
    return folded("Facts of every column, before → after", table(("column", *shown), rows, (), "facts") + more)


def _row(column: dict[str, Any], *, redact: bool) -> tuple[str, ...]:
    sides = column["reference"], column["current"]
    figures = _COUNTED if redact else (*_COUNTED, *_ORDERED)
    note = " (new)" if sides[0] is None else " (lost)" if sides[1] is None else ""
    return (name(column["name"]) + note, *(_both([_figure(side, what) for side in sides]) for what in figures))


def _both(values: list[str]) -> str:
    return values[0] if values[0] == values[1] else f"{values[0]} → {values[1]}"


def _figure(side: dict[str, Any] | None, what: str) -> str:
    value = None if side is None else side[what]
    if side is None or value is None:
        return "–"
    if isinstance(value, str):
        return text(value[:10])
    about = "about " if what == "distinct" and side["estimated"] else ""
    return about + (f"{value:,}" if isinstance(value, int) else number(value))
