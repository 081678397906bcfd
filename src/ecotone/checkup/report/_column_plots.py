"""A column in both tables: a histogram, or bars of its levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ecotone.checkup.words import percent

from . import _svg
from ._templates import render

_LEVELS = 7


@dataclass(frozen=True)
class _Level:
    name: str
    before: float
    after: float
    bars: Markup


def column_plot(name: str, picture: dict[str, Any] | None, *, redact: bool) -> Markup:
    """What can be drawn of a column, which may be nothing."""
    if picture is None:
        return Markup()
    if picture["kind"] == "levels":
        return _levels(picture, redact=redact)
    drawn = _svg.histogram(picture, f"distribution of {name} in both tables", redact=redact)
    out = [low + high for low, high in zip(picture["below"], picture["above"])]
    notes = ["equal ratios take equal room"] if picture["scale"] == "log" else []
    if max(out) >= 0.0005:
        notes.append(f"not drawn: {percent(out[0])} → {percent(out[1])} of the rows, beyond the ends")
    return render("check/histogram.html", drawn=drawn, said="; ".join(notes))


def _levels(picture: dict[str, Any], *, redact: bool) -> Markup:
    found = list(zip(picture["levels"], picture["reference"], picture["current"]))
    most = sorted(
        range(len(found)), key=lambda i: -(abs(found[i][2] - found[i][1]) + 0.1 * (found[i][1] + found[i][2]))
    )
    kept = [found[i] for i in sorted(most[:_LEVELS])]
    top = max([*(max(before, after) for _, before, after in kept), 1e-12])
    levels = [
        _Level(level if str(level).strip() else "(blank)", before, after, _svg.shares(before, after, top))
        for level, before, after in kept
    ]
    return render("check/levels.html", levels=levels, rest=picture["of"] - len(kept), redact=redact)
