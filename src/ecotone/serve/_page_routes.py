"""The page: drawn here, without a script, and asking nobody else for anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from ecotone import __version__
from ecotone.watch import ChunkColumn, MonitorStore, Status, alarm_line
from ecotone.watch.report import run_page

from ._monitor_routes import writer_of
from ._timeline_picture import Picture, picture

EVERY = 15  # seconds between two looks of a browser
_SHOWN = 200


@dataclass(frozen=True)
class Panel:
    """One monitor on the page.

    Parameters
    ----------
    name : str
    status : Status
    picture : Picture or None
    moved : tuple of ChunkColumn
        Columns of the last whole chunk, those first that moved most beyond chance.
    """

    name: str
    status: Status
    picture: Picture | None
    moved: tuple[ChunkColumn, ...]


def router() -> APIRouter:
    """``/`` and ``/monitors/{name}/report``."""
    made = APIRouter(tags=["page"], default_response_class=HTMLResponse)
    made.add_api_route("/", get_page, methods=["GET"], summary="All monitors, as a page")
    made.add_api_route(
        "/monitors/{name}/report", get_report, methods=["GET"], summary="The whole run of one, as a page"
    )
    return made


async def get_page(
    request: Request, every: Annotated[int, Query(description="Seconds; 0: it does not refresh", ge=0)] = EVERY
) -> HTMLResponse:
    """The timelines, refreshed by the browser."""
    writers = request.app.state.writers
    panels = [await run_in_threadpool(_panel, n, w.store) for n, w in writers.items()]
    return HTMLResponse(
        _rendered(panels=panels, every=every, settings=request.app.state.settings, scorers=request.app.state.scorers)
    )


async def get_report(request: Request, name: str) -> HTMLResponse:
    """The page of ``ecotone report``: one file that can be kept."""
    store = writer_of(request, name).store
    return HTMLResponse(await run_in_threadpool(lambda: run_page(store, title=name)))


def _panel(name: str, store: MonitorStore) -> Panel:
    status, found = store.status(), store.chunks()
    drawn = picture(found[-_SHOWN:], status.episodes)
    whole = [c for c in found if c.rows]
    last = whole[-2:][0] if whole else None
    moved = sorted(store.columns(last), key=lambda c: _by_chance(c) - c.moved)[:5] if last is not None else []
    return Panel(name, status, drawn, tuple(moved))


def _rendered(**values: Any) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return _environment().get_template("page.html").render(now=now, version=__version__, **values) + "\n"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ecotone.serve"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters.update(count=lambda n: f"{n:,}", percent=_percent, short=lambda x: f"{x:.4g}")
    made.globals.update(said=alarm_line, by_chance=_by_chance)
    return made


def _percent(share: float) -> str:
    return "below 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def _by_chance(column: ChunkColumn) -> float:
    """What an unchanged column of as many rows moves on average: half the mean absolute deviations of its shares."""
    shares = [share for _, share in column.shares] or [1 / 20] * 20
    spread = sum(math.sqrt(2 / math.pi * p * (1 - p)) for p in shares)
    return min(1.0, spread / 2 / math.sqrt(column.present)) if column.present else 0.0
