"""Rows of a plot that share one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from . import _svg
from ._svg import Mark, Scale
from ._templates import render


@dataclass(frozen=True)
class Row:
    """One row of a plot: words on either side, marks between; a row without marks is a heading.

    Parameters
    ----------
    label : str or Markup
        On the left.
    marks : sequence of marks
    words : str
        On the right.
    small : str
        Under the label.
    """

    label: str | Markup
    marks: Sequence[Mark] = field(default_factory=tuple)
    words: str = ""
    small: str = ""


def tracks(rows: Sequence[Row], *, band: float | None = None, room: float = 0.05) -> Markup:
    """Rows that share one axis with round ticks."""
    values = [float(v) for row in rows for mark in row.marks for v in mark[2:]]
    values += [-band, band] if band is not None else []
    if not values:
        return Markup()
    scale = Scale.around(values, room)
    drawn = [(row, _svg.track(scale, row.marks, band=band) if row.marks else None) for row in rows]
    return render("tracks.html", drawn=drawn, axis=_svg.axis(scale))
