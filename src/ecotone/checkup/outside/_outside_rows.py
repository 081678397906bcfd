"""The page's section of rows outside: each with its reason, beside a typical one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ecotone.checkup.report import _svg, name, regions, render
from ecotone.checkup.words import plain
from ecotone.contracts import as_numpy
from ecotone.detect.explain._games import GRID

from ._outside_content import OutsideReason, PartOfScore
from ._png import data_uri, is_image

if TYPE_CHECKING:
    from ._outside_result import OutsideResult

_SHOWN = 5  # parts of a row
_BEFORE, _WORDS = 12, 60  # words before the first that is marked, and in all


@dataclass(frozen=True)
class _Shot:
    """A picture of a row, with the regions marked that take from its score."""

    source: str
    marks: Markup
    words: str


@dataclass(frozen=True)
class _Text:
    """Words and whether each takes from the score; whether there are more on either side."""

    words: list[tuple[str, bool]]
    before: bool
    after: bool


@dataclass(frozen=True)
class _Part:
    name: str
    value: float
    bar: Markup


@dataclass(frozen=True)
class _Card:
    """A row outside: what it is called, its p-value, and what speaks against it."""

    name: str | Markup
    pvalue: float
    predicted: str | Markup | None
    shots: list[_Shot]
    text: _Text | None
    parts: list[_Part]
    note: str


def rows_outside(result: OutsideResult, *, redact: bool) -> Markup:
    """The section of the rows named, a card each."""
    reasons, inputs = result.found.reasons, result.live.inputs
    if not reasons:
        return Markup()
    made = _bare if redact else _card
    drawable = not redact and inputs is not None and not hasattr(inputs[:1], "column_names")
    return render(
        "outside/rows.html", cards=[made(result, entry) for entry in reasons],
        pictures=drawable and is_image(_row(inputs, 0)), hidden=len(result.found.found.rows) - len(reasons),
    )  # fmt: skip


def _card(result: OutsideResult, entry: OutsideReason) -> _Card:
    row = _row(result.live.inputs, entry.row)
    shots: list[_Shot] = []
    text = _text(row, entry) if isinstance(row, str) else None
    if text is None and row is not None and is_image(as_numpy(row)):
        shots = _shots(row, _row(result.judges.inputs, entry.compared_with[0]), entry)
    all_said = (shots or text) and entry.parts and "row " in entry.parts[0].part
    note = entry.note or "No single part stands out."
    return _Card(
        name(result.row_name(entry.row), 40), entry.pvalue,
        None if entry.predicted is None else name(result.class_name(entry.predicted)),
        shots, text, [] if all_said else _parts(entry.parts), "" if all_said else note,
    )  # fmt: skip


def _bare(result: OutsideResult, entry: OutsideReason) -> _Card:
    """A card without any value of the row: its number, its class's number, and places in it."""
    inputs = result.live.inputs
    parts = [replace(part, part=_bare_part(part.part, inputs, entry.row)) for part in entry.parts]
    note = "The reason is left out here, for it may hold values."
    predicted = None if entry.predicted is None else f"class {entry.predicted}"
    return _Card(
        f"row {entry.row}", entry.pvalue, predicted, [], None, _parts(parts),
        note if entry.note else "No single part stands out.",
    )  # fmt: skip


def _bare_part(part: str, inputs: Any, row: int) -> str:
    """The word's number of ``3: word``, the column of ``column = value``; other parts hold no values."""
    if inputs is not None and hasattr(inputs[:1], "column_names"):
        columns = [column for column in inputs[:1].column_names if part.startswith(f"{column} = ")]
        return max(columns, key=len, default=part)
    return f"word {part.split(':')[0]}" if isinstance(_row(inputs, row), str) else part


def _row(inputs: Any, row: int) -> Any:
    """One row of inputs that are arrays or texts; None of tables, whose parts say all."""
    if inputs is None:
        return None
    block = inputs[row : row + 1]
    return None if hasattr(block, "column_names") else block[0]


def _shots(row: Any, usual: Any, entry: OutsideReason) -> list[_Shot]:
    one = _Shot(data_uri(as_numpy(row)), regions(_regions(entry.parts), GRID), "this row")
    return [one] if usual is None else [one, _Shot(data_uri(as_numpy(usual)), Markup(), "a typical one")]


def _regions(parts: Sequence[PartOfScore]) -> list[tuple[int, int, float]]:
    """Column, row and strength of each region that takes from the score."""
    lowest = min((part.value for part in parts), default=0.0)
    found = []
    for part in parts:
        place = re.fullmatch(r"row (\d+), column (\d+)", part.part)
        if place and part.value < 0:
            y, x = (int(group) - 1 for group in place.groups())
            found.append((x, y, 0.6 * part.value / lowest))
    return found


def _text(row: str, entry: OutsideReason) -> _Text:
    low = {int(part.part.split(":")[0]) for part in entry.parts[:_SHOWN] if part.value < 0 and ":" in part.part}
    words = re.findall(r"\S+", row)
    start = max(0, min(low, default=1) - _BEFORE)
    shown = [(plain(word, 40), i in low) for i, word in enumerate(words[start : start + _WORDS], start + 1)]
    return _Text(shown, start > 0, len(words) > start + _WORDS)


def _parts(parts: Sequence[PartOfScore]) -> list[_Part]:
    """The parts that take most from the score."""
    low = [part for part in parts if part.value < 0][:_SHOWN]
    most = -low[0].value if low else 1.0
    return [_Part(part.part, part.value, _svg.bar(-part.value / most)) for part in low]
