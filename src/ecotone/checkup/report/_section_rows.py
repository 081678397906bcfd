"""The report's section on rows that lie outside the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ecotone.checkup.document import CheckContent
from ecotone.checkup.rows import RowReason
from ecotone.checkup.words import number

from . import _svg
from ._markup import name
from ._templates import render

_FIRST = 12
_MOST = 100


@dataclass(frozen=True)
class _Reason:
    column: str
    value: str | Markup


@dataclass(frozen=True)
class _Named:
    """A row named outside: its place, its p-value, and the columns that say so."""

    file: str | None
    row: int
    copies: int
    pvalue: float
    columns: list[_Reason]


def rows(content: CheckContent, pictures: dict[str, Any], *, redact: bool) -> Markup:
    """Which rows lie outside, why, and a map."""
    found = content.rows
    shown = [_named(entry) for entry in found.reasons[:_MOST]]
    drawn = not found.reason and (found.raised or found.places)
    return render(
        "check/rows.html", found=found, total=content.data.current.rows_read,
        map=_map(pictures) if drawn else "", shown=shown, first=_FIRST, redact=redact,
        several=len(content.data.current.sources) > 1,
        hidden=len(found.places) - sum(1 + row.copies for row in shown),
    )  # fmt: skip


def _map(pictures: dict[str, Any]) -> Markup:
    drawn = pictures.get("rows") or {}
    parts = (("ref", "reference"), ("cur", "current"), ("out", "outside"))
    return _svg.scatter([(cls, drawn.get(part) or []) for cls, part in parts], "map of the rows")


def _named(entry: RowReason) -> _Named:
    reasons = [_Reason(reason.column, _value(reason.value)) for reason in entry.columns[:3]]
    return _Named(entry.file, entry.row, entry.copies, entry.pvalue, reasons)


def _value(value: float | str | None) -> str | Markup:
    return "missing" if value is None else number(value) if isinstance(value, (int, float)) else name(value, 40)
