"""The report's section on rows that lie outside the reference."""

from __future__ import annotations

from typing import Any

from . import _svg
from ._format import number, text
from ._html import folded, key, name, p, table

_FIRST = 12
_MOST = 100


def rows(content: dict[str, Any], pictures: dict[str, Any], *, redact: bool) -> str:
    """Which rows lie outside, why, and a map."""
    found = content["rows"]
    if found.get("reason"):
        return f'<h2>Rows outside</h2><p class="text">{text(found["statement"], 500)}</p>'
    raised, named = found["raised"], found["index"]
    said = f'<p class="text">{_said(content)}</p>'
    if found.get("statement"):
        said += f'<p class="text soft">{text(found["statement"], 500)}</p>'
    drawn = _map(pictures, named) if raised or named else ""
    return f"<h2>Rows outside</h2>{said}{drawn}{_reasons(content, redact=redact)}"


def _said(content: dict[str, Any]) -> str:
    found = content["rows"]
    share = text(found["share_said"], 300)
    test = f"{p(found['global_pvalue'])}, level {number(found['alpha'])}"
    copies = f" {text(found['copies_said'], 300)}" if found.get("copies_said") else ""
    if found["index"]:
        total = content["data"]["current"]["rows_read"]
        named = f"<strong>{len(found['index']):,} of {total:,} current rows are named</strong>"
        return f"{named} ({test}).{copies} Estimated: {share}"
    if found["raised"]:
        return f"Some current rows lie outside the reference ({test}).{copies} Estimated: {share}"
    against = f"against {found['n_calibration']:,} reference rows set aside to compare with"
    return f"No row lies outside the reference by more than chance explains ({test}), {against}.{copies}"


def _map(pictures: dict[str, Any], named: list[Any]) -> str:
    drawn = pictures.get("rows") or {}
    groups = [
        (cls, drawn.get(part) or []) for cls, part in (("ref", "reference"), ("cur", "current"), ("out", "outside"))
    ]
    if not any(points for _, points in groups):
        return ""
    signs = [("refdot", "reference"), ("curdot", "current")] + ([("out", "current, named outside")] if named else [])
    across = "towards the rows named outside" if named else "the direction in which rows spread most"
    return (
        f'<div class="card"><h3>Map of the rows</h3>{key(*signs)}{_svg.scatter(groups, "map of the rows")}'
        f'<p class="small soft">A sample of the rows, all columns as normal scores. Across: {across}; up: the widest '
        "spread at a right angle to it. Rows farther out lie on the rim.</p></div>"
    )


def _reasons(content: dict[str, Any], *, redact: bool) -> str:
    found = content["rows"]
    reasons = found.get("reasons") or []
    several = len(content["data"]["current"]["sources"]) > 1
    if not reasons:
        return ""
    cells = [_cells(entry, several=several, redact=redact) for entry in reasons[:_MOST]]
    head = ("file and row" if several else "row", "p", "because of")
    shown = table(head, cells[:_FIRST], {1})
    if len(cells) > _FIRST:
        shown += folded(f"{len(cells) - _FIRST:,} more rows", table(head, cells[_FIRST:], {1}))
    hidden = len(found["index"]) - sum(1 + (entry.get("copies") or 0) for entry in reasons[:_MOST])
    return shown + (f'<p class="soft small">{hidden:,} more are named in the JSON.</p>' if hidden > 0 else "")


def _cells(entry: dict[str, Any], *, several: bool, redact: bool) -> tuple[str, str, str]:
    because = ", ".join(_because(r, redact=redact) for r in entry["columns"][:3])
    place = f"{name(entry['file'] or 'current', 50)}, " if several else ""
    again = entry.get("copies") or 0
    also = f" and {again:,} {'copy' if again == 1 else 'copies'}" if again else ""
    return f"{place}{entry['row']:,}{also}", p(entry["pvalue"], word=""), because


def _because(reason: dict[str, Any], *, redact: bool) -> str:
    if redact:
        return name(reason["column"], 50)
    value = reason.get("value")
    shown = "missing" if value is None else number(value) if isinstance(value, (int, float)) else name(value, 40)
    return f"{name(reason['column'], 50)} = {shown}"
