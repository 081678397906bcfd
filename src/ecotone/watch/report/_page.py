"""The page of a run: what the monitor says now, its alarms, and the chunks over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecotone.checkup.report import page
from ecotone.checkup.words import number

from ._charts import charts, moved
from ._timeline import Point, points

if TYPE_CHECKING:
    from ecotone.watch import Episode, MonitorStore, Status

PACKAGE = "ecotone.watch.report"
_STYLE = (
    "svg .mark{stroke:var(--bad);stroke-width:1.2;stroke-dasharray:3 3;vector-effect:non-scaling-stroke;opacity:.8}"
    "svg .bad.line{stroke:var(--bad);stroke-width:1.4}svg polygon.band.cur{fill:var(--cur);opacity:.18}"
    "svg polyline.line{stroke-linecap:round;stroke-linejoin:round;stroke-width:1.8}"
    "svg .since{fill:var(--warn);opacity:.14}.tile,.card{min-width:0}.tile span,h3,p{overflow-wrap:anywhere}"
)


@dataclass(frozen=True)
class _Tile:
    question: str
    answer: str
    more: str
    alarm: bool = False


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
        episodes=[_said(e) for e in reversed(status.episodes)], points=found,
        estimated=any(p.estimate is not None for p in found),
        by=f"{by:,} rows" if isinstance(by, int) else f"a {by}", charts=charts(found, status),
        moved=moved(found, medians, status), breaks=[_fact(b.row, b.column, b.what, b.detail) for b in status.breaks],
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
    begins = {"column": "the column", "pair": "the columns", "row": "whole rows:", "loss": "harm: the loss of"}
    reads = begins[alarm.detector]
    title = f"{episode.number}. {reads} {' and '.join(alarm.columns)}, alarm at row {alarm.row:,}"
    said = [f"The evidence reached its threshold {number(alarm.threshold)}."]
    if since is not None:
        before = "" if since.complete else " It may have begun before the rows that are kept."
        said.append(
            f"The change began near row {since.row:,} (rows {since.low:,} to {since.high:,} hold {since.level:.0%} of "
            f"the posterior; no guarantee goes with that).{before}"
        )
    if episode.alarms > 1:
        said.append(f"It was passed {episode.alarms:,} times in this episode, the last time at row {episode.last:,}.")
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
        _Tile("Alarms", f"{len(status.episodes):,}", f"a threshold was passed {_many(counted, 'time')}", bool(counted)),
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


def _fact(row: int, column: str, what: str, detail: str) -> str:
    return f"row {row:,}: {column + ': ' if column else ''}{what}: {detail}"
