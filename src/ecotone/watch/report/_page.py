"""The page of a run: what the monitor says now, its alarms, and the chunks over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ecotone.checkup.report import page
from ecotone.checkup.words import number

from ._series import Series
from ._timeline import Point, most_moved, points

if TYPE_CHECKING:
    from ecotone.watch import Episode, MonitorStore, Status

PACKAGE = "ecotone.watch.report"
_STYLE = (
    "svg .mark{stroke:var(--bad);stroke-width:1.2;stroke-dasharray:3 3;vector-effect:non-scaling-stroke;opacity:.8}"
    "svg .bad.line{stroke:var(--bad);stroke-width:1.4}svg polygon.band.cur{fill:var(--cur);opacity:.18}"
    "svg polyline.line{stroke-linecap:round;stroke-linejoin:round;stroke-width:1.8}"
    "svg .since{fill:var(--warn);opacity:.14}.tile,.card{min-width:0}.tile span,h3,p{overflow-wrap:anywhere}"
)
#: Powers of ten below a threshold that the chart of the evidence reaches down to.
_DEPTH = 6.0


@dataclass(frozen=True)
class _Tile:
    question: str
    answer: str
    more: str
    alarm: bool = False


@dataclass(frozen=True)
class _Chart:
    title: str
    what: str
    drawn: Markup


@dataclass(frozen=True)
class _EpisodeWords:
    title: str
    said: str
    check: str


def run_page(store: MonitorStore, *, title: str = "run") -> str:
    """One HTML page that needs nothing else, readable on a phone.

    Parameters
    ----------
    store : MonitorStore
    title : str
        What the run is called.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from ecotone.watch import MonitorStore
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = MonitorStore.create(f"{folder}/m.duckdb", {"x": rng.normal(size=500)})
    ...     update = store.ingest({"x": rng.normal(size=2500)}, source="rows", position=0)
    ...     words = run_page(store, title="x")
    >>> "No alarm stands" in words, "<script" in words, "http" in words
    (True, False, False)
    """
    status, chunks = store.status(), store.chunks()
    found = points(chunks, [store.columns(chunk) for chunk in chunks])
    medians = {c.name: c.quantiles[2] if c.quantiles else None for c in store.reference_columns()}
    open_now = [e for e in status.episodes if not e.ended]
    by = status.settings.by
    return page(
        "run.html", _STYLE, package=PACKAGE, title=title,
        sizes=f"{_many(status.rows, 'row')} · {_many(len(found), 'chunk')}",
        headline=headline(open_now), alarm=bool(open_now), tiles=_tiles(status, found), guarantee=status.guarantee,
        episodes=[_said(e) for e in reversed(status.episodes)], points=found, estimated=any(p.estimated for p in found),
        by=f"{by:,} rows" if isinstance(by, int) else f"a {by}", charts=_charts(found, status),
        moved=_moved(found, medians, status), breaks=[_fact(b.row, b.column, b.what, b.detail) for b in status.breaks],
    )  # fmt: skip


def headline(open_now: Sequence[Episode]) -> str:
    """The page's first sentence, from the episodes that nobody has closed."""
    if not open_now:
        return "No alarm stands"
    about = {e.about for e in open_now}
    words = {"data": "rows no longer look like the reference", "harm": "the loss has risen"}
    said = " and ".join(words[a] for a in ("harm", "data") if a in about)
    first = min(open_now, key=lambda e: e.alarm.row)
    return f"Alarm: {said}, since row {_since(first)}"


def _since(episode: Episode) -> str:
    since = episode.alarm.since
    return f"{episode.alarm.row:,} at the latest" if since is None else f"{since.row:,} or so"


def _said(episode: Episode) -> _EpisodeWords:
    alarm, since = episode.alarm, episode.alarm.since
    reads = {"column": "the column", "pair": "the columns", "row": "whole rows:", "loss": "the loss by"}[alarm.detector]
    title = f"{episode.number}. {reads} {' and '.join(alarm.columns)}, alarm at row {alarm.row:,}"
    said = [f"The evidence reached its threshold {number(alarm.threshold)}."]
    if since is not None:
        before = "" if since.complete else " It may have begun before the rows that are kept."
        said.append(
            f"The change began near row {since.row:,} (rows {since.low:,} to {since.high:,} hold {since.level:.0%} of "
            f"the posterior; no guarantee goes with that).{before}"
        )
    if episode.alarms > 1:
        said.append(f"{episode.alarms - 1:,} more alarms of the same episode, the last at row {episode.last:,}.")
    said.append({"": "It is open: accept the new rows as reference, or reset.", "accept": "Ended: the new rows were "
                 "accepted as reference.", "reset": "Ended: the watch began anew."}[episode.ended])  # fmt: skip
    return _EpisodeWords(title[:1].upper() + title[1:], " ".join(said), _checked(episode.check))


def _checked(check: dict[str, Any] | None) -> str:
    if check is None:
        return ""
    return f"A check of the rows since then against the reference: {check['headline']['sentence']}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _tiles(status: Status, found: Sequence[Point]) -> list[_Tile]:
    nearest = status.leading[0] if status.leading else None
    share = nearest.evidence / nearest.threshold if nearest else 0.0
    counted = sum(e.alarms for e in status.episodes)
    tiles = [
        _Tile("Alarms", f"{counted:,}", f"in {_many(len(status.episodes), 'episode')}", bool(counted)),
        _Tile(
            "Evidence now", f"{share:.2g} of the threshold", f"of {' and '.join(nearest.columns)}" if nearest else ""
        ),
    ]
    if status.risk is not None:
        risk = status.risk
        loss = "undefined" if risk.loss is None else f"{risk.loss:.3f}"
        tiles.append(_Tile("Loss", loss, f"{risk.low:.3f} to {risk.high:.3f} at all times, {risk.labels:,} labels"))
    if found:
        tiles.append(_Tile("Far out", f"{found[-1].outside:.1%}", "of the last chunk; 5 % of the reference's rows are"))
    return tiles


def _charts(found: Sequence[Point], status: Status) -> list[_Chart]:
    if not found:
        return []
    ends, marks, spans = (found[0].when, found[-1].when), _marks(found, status), _spans(found, status)

    def chart(title: str, what: str, **drawn: Any) -> _Chart:
        return _Chart(title, what, Series(title, marks=marks, spans=spans, **drawn).drawn(ends))

    depth = [max(-_DEPTH, math.log10(max(p.evidence, 1e-300))) for p in found]
    charts = [
        chart("Evidence", "Powers of ten below the threshold, of the detector that is nearest to it at a chunk's end; "
              "the red line is the threshold.", line=depth, level=0.0, low=-_DEPTH, high=0.6)
    ]  # fmt: skip
    if any(p.loss is not None or p.estimated is not None for p in found):
        charts.append(
            chart(
                "Loss", "Of the labels that have come, with each chunk's own 95 % interval; the red line is what harm "
                "is measured against.", line=[p.loss for p in found], band=[p.loss_interval for p in found],
                second=[p.estimated for p in found], level=None if status.risk is None else status.risk.limit,
            )
        )  # fmt: skip
    charts.append(chart("Rows far out", "Share of rows farther out than 95 % of the reference's; red: 5 %.",
                        line=[p.outside for p in found], level=0.05, low=0.0))  # fmt: skip
    for title, what, of in _counts(found):
        charts.append(chart(title, what, line=[of(p) for p in found], low=0.0))
    return charts


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


def _moved(found: Sequence[Point], medians: dict[str, float | None], status: Status) -> list[_Chart]:
    charts = []
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
        charts.append(_Chart(name, what, drawn.drawn(ends)))
    return charts


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


def _fact(row: int, column: str, what: str, detail: str) -> str:
    return f"row {row:,}: {column + ': ' if column else ''}{what}: {detail}"
