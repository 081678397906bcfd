"""The report's section on the data: what was read, what was kept, and what was not compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from markupsafe import Markup

from ecotone.checkup.document import CheckContent, DuplicatesNotSought
from ecotone.checkup.words import plain

from ._fact_words import equal_rows
from ._markup import name, names
from ._templates import render


@dataclass(frozen=True)
class _Side:
    name: str
    rows_read: int
    rows_kept: int
    sources: list[str]


def data(content: CheckContent, *, redact: bool) -> Markup:
    """The tables, notes on them, and the page's colophon."""
    found = content.data
    sides = [
        _Side(side, part.rows_read, part.rows_kept, [source.name for source in part.sources])
        for side, part in (("reference", found.reference), ("current", found.current))
    ]
    return render(
        "check/data.html", sides=sides, lines=[*_compared(content), *_notes(content, redact=redact)],
        version=content.ecotone, format=content.format, seed=found.seed, seconds=content.timing,
        redact=redact,
    )  # fmt: skip


def _compared(content: CheckContent) -> list[str | Markup]:
    found = content.data
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in Counter(found.types.values()).items())
    lines: list[str | Markup] = [f"Columns compared: {kinds or 'none'}."]
    for entry in found.embeddings:
        told = Markup("Embedding {}: {} columns, compared as one.")
        lines.append(told.format(name(entry.name), f"{len(entry.columns):,}"))
    if found.untested:
        untested = names([entry.name for entry in found.untested], 8)
        lines.append(Markup("Not compared, reasons above: {}.").format(untested))
    if isinstance(found.duplicates, DuplicatesNotSought):
        return [*lines, "Duplicates: not looked for, which takes rows."]
    return [*lines, equal_rows(found.duplicates)]


def _notes(content: CheckContent, *, redact: bool) -> list[str]:
    notes = [*content.data.notes, *(() if content.performance is None else content.performance.notes)]
    if not redact:
        return [plain(note, 300) for note in notes]
    return [f"{len(notes):,} notes are left out here, for they may hold values."] if notes else []
