"""The page's section of rows outside: each with its reason, beside a typical one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ecotone.checkup.report._format import number, text
from ecotone.checkup.report._html import name, p
from ecotone.contracts import as_numpy
from ecotone.detect.explain._games import GRID

from ._png import data_uri, is_image

if TYPE_CHECKING:
    from ._outside_result import OutsideResult

_SHOWN = 5  # parts of a row


def rows_outside(result: OutsideResult, *, redact: bool) -> str:
    """The section of the rows named, a card each."""
    content = result.content
    reasons = content["reasons"]
    if not reasons:
        return ""
    hidden = len(content["found"]["rows"]) - len(reasons)
    more = f'<p class="soft small">{hidden:,} more are named in the table.</p>' if hidden > 0 else ""
    cards = "".join((_bare if redact else _card)(result, entry) for entry in reasons)
    inputs = result.live.inputs
    pictures = (
        not redact and inputs is not None and not hasattr(inputs[:1], "column_names") and is_image(_row(inputs, 0))
    )
    beside = "Beside each image, a calibration row" if pictures else "Each row is compared with calibration rows"
    whose = "score is typical" if pictures else "scores are typical"
    return (
        f'<h2>Rows outside</h2><p class="text soft">{beside} of the same predicted class, if there are enough, whose '
        f'{whose}. Parts marked take most from the score.</p><div class="grid">{cards}</div>{more}'
    )


def _card(result: OutsideResult, entry: dict[str, Any]) -> str:
    row = _row(result.live.inputs, entry["row"])
    shown = ""
    if isinstance(row, str):
        shown = _text(row, entry)
    elif row is not None and is_image(as_numpy(row)):
        shown = _shots(row, _row(result.judges.inputs, entry["compared_with"][0]), entry)
    if not shown or not entry["parts"] or "row " not in entry["parts"][0]["part"]:
        shown += _parts(entry)
    predicted = f" · predicted {name(result.class_name(entry['predicted']))}" if entry["predicted"] is not None else ""
    return (
        f'<div class="card"><h3>{name(result.row_name(entry["row"]), 40)}</h3>'
        f'<p class="tags">{p(entry["pvalue"])}{predicted}</p>{shown}</div>'
    )


def _bare(result: OutsideResult, entry: dict[str, Any]) -> str:
    """A card without any value of the row: its number, its class's number, and places in it."""
    inputs = result.live.inputs
    parts = [{**part, "part": _bare_part(part["part"], inputs, entry["row"])} for part in entry["parts"]]
    note = "The reason is left out here, for it may hold values." if entry.get("note") else None
    predicted = f" · predicted class {entry['predicted']}" if entry["predicted"] is not None else ""
    return (
        f'<div class="card"><h3>row {entry["row"]}</h3><p class="tags">{p(entry["pvalue"])}{predicted}</p>'
        f"{_parts({**entry, 'parts': parts, 'note': note})}</div>"
    )


def _bare_part(part: str, inputs: Any, row: int) -> str:
    """The word's number of ``3: word``, the column of ``column = value``; other parts hold no values."""
    if inputs is not None and hasattr(inputs[:1], "column_names"):
        columns = [name for name in inputs[:1].column_names if part.startswith(f"{name} = ")]
        return max(columns, key=len, default=part)
    return f"word {part.split(':')[0]}" if isinstance(_row(inputs, row), str) else part


def _row(inputs: Any, row: int) -> Any:
    """One row of inputs that are arrays or texts; None of tables, whose parts say all."""
    if inputs is None:
        return None
    block = inputs[row : row + 1]
    return None if hasattr(block, "column_names") else block[0]


def _shots(row: Any, usual: Any, entry: dict[str, Any]) -> str:
    marks = "".join(_region(part, entry) for part in entry["parts"] if part["value"] < 0)
    drawn = f'<svg viewBox="0 0 {GRID} {GRID}" preserveAspectRatio="none" aria-hidden="true">{marks}</svg>'
    one = _figure(row, drawn, "this row")
    if usual is None:
        return f'<div class="shots">{one}</div>'
    return f'<div class="shots">{one}{_figure(usual, "", "a typical one")}</div>'


def _figure(row: Any, drawn: str, words: str) -> str:
    image = f'<img alt="" src="{data_uri(as_numpy(row))}">'
    return f'<figure><div class="shot">{image}{drawn}</div><figcaption>{words}</figcaption></figure>'


def _region(part: dict[str, Any], entry: dict[str, Any]) -> str:
    place = re.fullmatch(r"row (\d+), column (\d+)", part["part"])
    if not place:
        return ""
    lowest = min(other["value"] for other in entry["parts"])
    y, x = (int(group) - 1 for group in place.groups())
    strength = 0.6 * part["value"] / lowest
    return f'<rect x="{x}" y="{y}" width="1" height="1" fill="var(--bad)" opacity="{strength:.2f}"/>'


def _text(row: str, entry: dict[str, Any]) -> str:
    low = {
        int(part["part"].split(":")[0]) for part in entry["parts"][:_SHOWN] if part["value"] < 0 and ":" in part["part"]
    }
    words = re.findall(r"\S+", row)
    start = max(0, min(low, default=1) - 12)
    shown = " ".join(
        f'<span class="word{" low" if i in low else ""}">{text(word, 40)}</span>'
        for i, word in enumerate(words[start : start + 60], start + 1)
    )
    return f'<p class="small">{"… " if start else ""}{shown}{" …" if len(words) > start + 60 else ""}</p>'


def _parts(entry: dict[str, Any]) -> str:
    low = [part for part in entry["parts"] if part["value"] < 0][:_SHOWN]
    if not low:
        return f'<p class="small soft">{text(entry.get("note") or "No single part stands out.", 300)}</p>'
    most = -low[0]["value"]
    bars = "".join(
        f'<div class="level"><span>{name(part["part"], 24)}</span>'
        '<svg class="bars" height="14" aria-hidden="true">'
        f'<rect class="cur" y="2" width="{-100 * part["value"] / most:.1f}%" height="9"/></svg>'
        f"<span>{number(part['value'])}</span></div>"
        for part in low
    )
    return f'<div class="small">{bars}</div>'
