"""``/monitors``: rows in; status, alarms, timeline and page out; accept and reset."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from ecotone.contracts import BadInput

from ._bodies import DESCRIPTION, decoded, media_type, read_body
from ._digest import digest
from ._plain import plain
from ._refused import Refused
from ._standing import standing
from ._waiting import Taken, Waiting
from ._writer import Writer

_PLAIN = re.compile(r"[\x21-\x7e]{1,120}")


class Kept(BaseModel):
    """The answer to rows: they are on the disk."""

    rows: int = Field(description="Rows of the body that were new")
    first: int = Field(description="Number of the first of them in the monitor's stream")
    repeated: int = Field(description="Rows that had been kept before and were not counted again")
    alarms: list[dict[str, Any]]
    breaks: list[dict[str, Any]] = Field(
        description="Facts about columns and sources, of these rows and those read with them"
    )


def router() -> APIRouter:
    """``/monitors``."""
    made = APIRouter(tags=["monitors"], prefix="/monitors")
    add = made.add_api_route
    add("", get_monitors, methods=["GET"], summary="All monitors")
    add("/{name}", get_monitor, methods=["GET"], summary="Where a monitor stands")
    add("/{name}/alarms", get_alarms, methods=["GET"], summary="Episodes of alarms")
    add("/{name}/timeline", get_timeline, methods=["GET"], summary="The stream in chunks")
    add("/{name}/sources/{source:path}", get_source, methods=["GET"], summary="How many rows of a source are kept")
    add("/{name}/rows", post_rows, methods=["POST"], openapi_extra=DESCRIPTION, summary="Rows for a monitor")
    add("/{name}/accept", post_accept, methods=["POST"], summary="Take the rows since the change as the reference")
    add("/{name}/reset", post_reset, methods=["POST"], summary="Go on with the same reference")
    return made


def writer_of(request: Request, name: str) -> Writer:
    """The writer of a monitor.

    Raises
    ------
    Refused
        404 where there is none of this name.
    """
    writers: dict[str, Writer] = request.app.state.writers
    if name not in writers:
        there = ", ".join(writers) or "none; start the service with --state FILE"
        raise Refused(404, f"there is no monitor of this name; there is {there}")
    return writers[name]


async def get_monitors(request: Request) -> dict[str, Any]:
    """Their names, and how each stands."""
    writers: dict[str, Writer] = request.app.state.writers
    return {name: plain(await run_in_threadpool(standing, w.store, w.queued)) for name, w in writers.items()}


async def get_monitor(request: Request, name: str) -> dict[str, Any]:
    """Rows, guarantee, leading detectors, open episodes, breaks."""
    status = await run_in_threadpool(writer_of(request, name).store.status)
    return {**plain(status), "open": [e.number for e in status.open]}


async def get_alarms(request: Request, name: str) -> list[dict[str, Any]]:
    """Each with what it is about, what moved, since when, and how it ended."""
    episodes = await run_in_threadpool(writer_of(request, name).store.episodes)
    return [{**plain(e), "about": e.about} for e in episodes]


async def get_timeline(
    request: Request,
    name: str,
    last: Annotated[int, Query(description="So many chunks from the end", ge=1)] = 200,
    columns: Annotated[bool, Query(description="With the summary of each column")] = False,
) -> list[dict[str, Any]]:
    """Chunks describe; of all that is in them only the evidence is a test."""
    store = writer_of(request, name).store
    chunks = store.chunks()[-last:]
    if not columns:
        return [plain(c) for c in chunks]
    found = await run_in_threadpool(lambda: [{**plain(c), "columns": plain(store.columns(c))} for c in chunks])
    return list(found)


async def get_source(request: Request, name: str, source: str) -> dict[str, Any]:
    """Where to go on after a broken connection."""
    place = await run_in_threadpool(writer_of(request, name).store.place, source)
    return {"source": source, "rows": 0 if place is None else place[0]}


async def post_rows(
    request: Request,
    name: str,
    ecotone_source: Annotated[str, Header(description="Whose rows they are")] = "",
    ecotone_position: Annotated[
        int | None, Header(description="How many rows of this source came before", ge=0)
    ] = None,
    idempotency_key: Annotated[str, Header(description="In place of a position: a name of this body alone")] = "",
) -> Kept:
    """Answered when the rows are on the disk. A repeat with the same position or key counts nothing twice."""
    writer, limits = writer_of(request, name), request.app.state.settings.limits
    media = media_type(request)
    for value in filter(None, (ecotone_source, idempotency_key)):
        if not _PLAIN.fullmatch(value):
            raise Refused(422, "Ecotone-Source and Idempotency-Key are 1 to 120 printable ASCII characters; shorten it")
    if idempotency_key and ecotone_position is not None:
        raise Refused(422, "Idempotency-Key and Ecotone-Position are two ways to say one thing; send one of them")
    body = await read_body(request, limits)
    rows = decoded(body, media, limits)
    key = digest(body) if idempotency_key else ""
    waiting = Waiting(rows, ecotone_source, ecotone_position, idempotency_key, key)
    writer.submit(waiting)
    return _kept(await asyncio.wrap_future(waiting.answer))


def _kept(taken: Taken) -> Kept:
    update = taken.update
    return Kept(
        rows=update.rows, first=taken.first, repeated=taken.repeated, alarms=[plain(a) for a in update.alarms],
        breaks=[plain(b) for b in update.breaks],
    )  # fmt: skip


async def post_accept(request: Request, name: str) -> dict[str, Any]:
    """A new monitor begins with them; open episodes end."""
    frame = await run_in_threadpool(partial(_decided, writer_of(request, name).store.accept))
    return {"accepted": frame.n}


async def post_reset(request: Request, name: str) -> dict[str, Any]:
    """All evidence begins at nothing again; open episodes end."""
    await run_in_threadpool(writer_of(request, name).store.reset)
    return {"reset": True}


def _decided(accept: Any) -> Any:
    try:
        return accept()
    except BadInput as error:
        raise Refused(409, str(error)) from None
