"""The charts of a run: evidence, losses, rows far out, and the columns that moved most."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ._series import Series
from ._timeline import Point, most_moved

if TYPE_CHECKING:
    from ecotone.watch import LossEstimate, Status

#: Powers of ten below a threshold that the chart of the evidence reaches down to.
_DEPTH = 6.0


@dataclass(frozen=True)
class Chart:
    """A drawing with its title, and what it shows in a sentence."""

    title: str
    what: str
    drawn: Markup


def charts(found: Sequence[Point], status: Status) -> list[Chart]:
    if not found:
        return []
    ends, marks, spans = (found[0].when, found[-1].when), _marks(found, status), _spans(found, status)

    def chart(title: str, what: str, **drawn: Any) -> Chart:
        return Chart(title, what, Series(title, marks=marks, spans=spans, **drawn).drawn(ends))

    depth = [max(-_DEPTH, math.log10(max(p.evidence, 1e-300))) for p in found]
    made = [
        chart("Evidence", "Powers of ten below the threshold, of the detector that is nearest to it at a chunk's end; "
              "the red line is the threshold.", line=depth, level=0.0, low=-_DEPTH, high=0.6)
    ]  # fmt: skip
    made += [chart(title, what, **drawn) for title, what, drawn in _losses(found, status)]
    made.append(chart("Rows far out", "Share of rows farther out than 95 % of the reference's; red: 5 %.",
                        line=[p.outside for p in found], level=0.05, low=0.0))  # fmt: skip
    for title, what, of in _counts(found):
        made.append(chart(title, what, line=[of(p) for p in found], low=0.0))
    return made


def _losses(found: Sequence[Point], status: Status) -> list[tuple[str, str, dict[str, Any]]]:
    """Of the labels that have come, and without labels."""
    limit = None if status.risk is None else status.risk.limit
    red = "" if limit is None else "; the red line is what harm is measured against"
    made: list[tuple[str, str, dict[str, Any]]] = []
    if any(p.loss is not None for p in found):
        lines = {"line": [p.loss for p in found], "band": [p.loss_interval for p in found]}
        made.append(("Loss", f"Of the labels that have come, with each chunk's own 95 % interval{red}.", lines))
    if any(p.estimate is not None for p in found):
        made.append(("Loss without labels", *_without_labels([p.estimate for p in found], red)))
    return [(title, what, {**lines, "level": limit}) for title, what, lines in made]


def _without_labels(estimates: Sequence[LossEstimate | None], red: str) -> tuple[str, dict[str, Any]]:
    """Words and lines of the estimates; where nothing is known, the reason."""
    known = [e if e is not None and e.interval is not None else None for e in estimates]
    lines = {"line": [e and e.value for e in known], "band": [e and e.interval for e in known]}
    if not any(known):
        why = next(e.unknown for e in reversed(estimates) if e is not None)
        return f"Unknown in every chunk that has ended; of the last one: {why}.", lines
    what = "Estimated when a chunk ends, if p(y|x) has not moved, with a 90 % interval"
    return f"{what}{red}. In gaps nothing is known; the table below says why.", lines


def _counts(found: Sequence[Point]) -> list[tuple[str, str, Callable[[Point], float]]]:
    """Missing and unseen values, where there are any."""
    made: list[tuple[str, str, Callable[[Point], float]]] = []
    if any(p.missing for p in found):
        made.append(("Missing values", "A row, over all columns.", lambda p: p.missing))
    if any(p.unseen for p in found):
        made.append(("Unseen levels", "A row: levels that the reference does not have.", lambda p: p.unseen))
    return made


def _marks(found: Sequence[Point], status: Status) -> list[float]:
    """Where the episodes' first alarms lie among the chunks."""
    return [_place(found, episode.alarm.row) for episode in status.episodes]


def _spans(found: Sequence[Point], status: Status) -> list[tuple[float, float]]:
    """Where their changes are likely to have begun."""
    since = [e.alarm.since for e in status.episodes if e.alarm.since is not None]
    return [(_place(found, s.low), _place(found, s.high + 1)) for s in since]


def _place(found: Sequence[Point], row: int) -> float:
    """From 0 to the number of chunks."""
    at = [k + min(1.0, (row - p.first) / p.rows) for k, p in enumerate(found) if p.first <= row]
    return at[-1] if at else 0.0


def moved(found: Sequence[Point], medians: dict[str, float | None], status: Status) -> list[Chart]:
    made = []
    for name in dict.fromkeys((*_alarmed(found, status), *most_moved(found))):
        own = [next((c for c in p.columns if c.name == name), None) for p in found]
        marks, ends = _marks(found, status), (found[0].when, found[-1].when)
        if any(c is not None and c.quantiles for c in own):
            inside = [c.quantiles if c is not None else None for c in own]
            drawn = Series(
                name, [q[2] if q else None for q in inside], [(q[0], q[-1]) if q else None for q in inside], level=None,
                second=[medians.get(name)] * len(own), marks=marks,
            )  # fmt: skip
            what = "median, and 5 % to 95 %"
        else:
            level = _leading_level(own)
            shares = [None if c is None or not c.present else dict(c.shares).get(level, 0.0) for c in own]
            drawn, what = Series(name, shares, marks=marks, low=0.0), f"share of {level!r}"
        made.append(Chart(name, what, drawn.drawn(ends)))
    return made


def _alarmed(found: Sequence[Point], status: Status) -> list[str]:
    """Columns that the episodes' first alarms name."""
    known = {c.name for p in found for c in p.columns}
    return [name for e in status.episodes for name in e.alarm.columns if name in known][:8]


def _leading_level(own: Sequence[Any]) -> str:
    """The level whose share varies most over the chunks."""
    seen: dict[str, list[float]] = {}
    for column in own:
        for level, share in column.shares if column is not None else ():
            seen.setdefault(level, []).append(share)
    return max(seen, key=lambda level: max(seen[level]) - min(seen[level]), default="")
