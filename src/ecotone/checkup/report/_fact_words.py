"""The schema and what broke, in lines of words: what the page and the terminal share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecotone.checkup.document import DataSummary, Duplicates
from ecotone.checkup.quality import Kept, Quality, Schema
from ecotone.data import Untested

_NAMED = 4


def schema_lines(found: Schema, *, redact: bool = False) -> list[str]:
    """One line for each way in which the columns differ; empty where they are the same and all were compared."""
    old, new = {r.reference for r in found.renamed}, {r.current for r in found.renamed}
    lines = [f"renamed? {r.reference} → {r.current}: {r.reason}" for r in found.renamed]
    for change in found.type_changed:
        what = "" if redact else f": {change.reference} → {change.current}"
        lines.append(f"type changed: {change.name}{what}{'' if change.compared else ' (not compared)'}")
    for word, names in (("lost", [n for n in found.lost if n not in old]),
                        ("new", [n for n in found.new if n not in new])):  # fmt: skip
        if names:
            lines.append(f"{word}: {some(names)}")
    if found.reordered:
        lines.append("the columns come in another order")
    return lines


def as_one(data: DataSummary) -> str:
    """Which columns are compared as one; empty where none are."""
    return "".join(f", {len(e.columns):,} of them as one (embedding {e.name})" for e in data.embeddings)


def untested_lines(untested: Iterable[Untested], *, redact: bool = False) -> list[str]:
    """Columns that no test read: those of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for entry in untested:
        constant = entry.kind == "constant" and entry.reason.startswith("constant: ")
        hidden = constant or entry.kind == "mismatch"
        reason = ("one value only" if constant else "another type") if redact and hidden else entry.reason
        by_reason.setdefault(reason, []).append(entry.name)
    return [f"{some(names)}: {reason}" for reason, names in by_reason.items()]


def given_words(data: DataSummary, *, redact: bool = False) -> str:
    """What rows were matched on, and which have no counterpart; empty where they were not matched."""
    if data.given is None:
        return ""
    return "; ".join(data.given.sentences[:1] if redact else data.given.sentences)


def break_lines(quality: Quality, *, every: bool = False, redact: bool = False) -> list[str]:
    """One line for each column in which something broke, in the order of the breaks."""
    by_column: dict[str, list[str]] = {}
    for entry in quality.breaks:
        if entry.notable or every:
            by_column.setdefault(entry.column, []).append(entry.bare if redact else entry.sentence)
    return [f"{name}: {'; '.join(words)}" for name, words in by_column.items()]


def contract_lines(kept: Kept, *, redact: bool = False) -> list[str]:
    """One line for each violation, and one for what could not be looked at."""
    lines = [f"{v.column}: {v.bare if redact else v.sentence}" for v in kept.violations]
    return lines + [f"not looked at: {u.rule} of {u.column} ({u.reason})" for u in kept.unchecked]


def some(names: Sequence[str], most: int = _NAMED) -> str:
    """A few names, and how many more."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def equal_rows(copies: Duplicates) -> str:
    """What was done with equal rows; that there are none, where so."""
    said = []
    for what, count in (
        ("left out as copies", copies),
        ("kept, which repeat by nature or are too few to tell", copies.kept),
    ):
        if count.reference or count.current:
            said.append(f"{count.reference:,} of the reference and {count.current:,} of current {what}")
    if copies.overlap:
        said.append(f"of current {copies.overlap:,} in the reference, too")
    return f"Equal rows: {'; '.join(said) or 'none'}."
