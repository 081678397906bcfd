"""Pieces of the page: p-values, tables, rows of a plot, the key of colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import _svg
from ._format import plain, power, text
from ._svg import Mark, Scale


def name(value: Any, most: int = 70) -> str:
    """A name from the data: escaped, clipped, and unable to turn the direction of the text around it."""
    whole = plain(value)
    more = f' title="{text(whole, 400)}"' if len(whole) > most else ""
    return f"<bdi{more}>{text(whole, most)}</bdi>"


def names(values: Sequence[Any], most: int = 3) -> str:
    """Some names, and how many more."""
    shown = ", ".join(name(v) for v in values[:most])
    return shown + (f" and {len(values) - most:,} more" if len(values) > most else "")


def p(value: float | None, log10: float | None = None, word: str = "p ") -> str:
    """A p-value, by default with its letter; ``word=""`` for a table's cell."""
    if value is None:
        return f"{word}–"
    small = power(value, log10)
    if small is None:
        return f'<span class="nw">{word}= {value:.2g}</span>' if word else f"{value:.2g}"
    mantissa, exponent = small
    ten = f"10<sup>−{-exponent}</sup>"
    if not mantissa:
        return f'<span class="nw">{word}&lt; {ten}</span>'
    shown = ten if mantissa == "1" else f"{mantissa}×{ten}"
    return f'<span class="nw">{word}{"= " if word else ""}{shown}</span>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Iterable[int] = (), cls: str = "") -> str:
    """Rows of ready HTML, in a box that scrolls sideways where it must."""
    right, mark = set(numeric), ' class="n"'

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{mark if i in right else ''}>{cell}</{tag}>" for i, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    opened = f'<table class="{cls}">' if cls else "<table>"
    return f'<div class="scroll">{opened}<thead><tr>{cells("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'


@dataclass(frozen=True)
class Row:
    """One row of a plot: ready HTML on either side, marks between; a row without marks is a heading."""

    label: str
    marks: Sequence[Mark] = field(default_factory=tuple)
    words: str = ""


def tracks(rows: Sequence[Row], *, band: float | None = None, room: float = 0.05) -> str:
    """Rows that share one axis with round ticks."""
    values = [float(v) for row in rows for mark in row.marks for v in mark[2:]]
    values += [-band, band] if band is not None else []
    if not values:
        return ""
    scale = Scale.around(values, room)
    out = []
    for row in rows:
        if not row.marks:
            out.append(f'<div class="row head"><span>{row.label}</span></div>')
            continue
        drawn = _svg.track(scale, row.marks, band=band)
        out.append(f'<div class="row"><span>{row.label}</span>{drawn}<span>{row.words}</span></div>')
    return f'{"".join(out)}<div class="row"><span></span>{_svg.axis(scale)}<span></span></div>'


_SWATCH = {
    "ref": '<rect class="ref" width="15" height="11" opacity=".75"/>',
    "cur": '<rect class="cur" width="15" height="11"/>',
    "line": '<line class="cur line" x1="0" x2="15" y1="6" y2="6"/>',
    "band": '<rect class="band" width="15" height="11"/>',
    "refdot": '<circle class="ref" cx="7" cy="6" r="3.5"/>',
    "curdot": '<circle class="cur" cx="7" cy="6" r="3.5"/>',
    "out": '<circle cx="7" cy="6" r="4" fill="none" stroke="var(--bad)" stroke-width="1.6"/>',
    "point": '<circle class="cur" cx="7" cy="6" r="4.5"/>',
    "none": '<circle class="none" cx="7" cy="6" r="4.5"/>',
}


def key(*entries: tuple[str, str]) -> str:
    """What the colours and signs mean."""
    shown = "".join(f'<span><svg aria-hidden="true">{_SWATCH[sign]}</svg>{word}</span>' for sign, word in entries)
    return f'<div class="key">{shown}</div>'


def folded(title: str, body: str) -> str:
    """A part that opens on demand, and in print."""
    return f"<details><summary>{title}</summary>{body}</details>" if body else ""


def items(entries: Iterable[str], most: int = 30) -> str:
    """A list of ready HTML, cut where it would be endless."""
    entries = list(entries)
    more = f"<li>and {len(entries) - most:,} more, in the JSON</li>" if len(entries) > most else ""
    return f"<ul>{''.join(f'<li>{e}</li>' for e in entries[:most])}{more}</ul>" if entries else ""
