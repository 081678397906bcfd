"""``/monitors``: rows in; status, alarms, timeline and page out; accept and reset."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ecotone.contracts import BadInput

from ._bodies import DESCRIPTION, read_table_of
from ._digest import digest
from ._plain import plain
from ._refused import Refused
from ._standing import standing
from ._waiting import Taken, Waiting, labels_of
from ._writer import Writer

_PLAIN = re.compile(r"[\x21-\x7e]{1,120}")


class Named(NamedTuple):
    """How a client names its rows, so that a repeat can be known."""

    source: str
    position: int | None
    key: str

    def check(self) -> None:
        """Raise :class:`Refused` for names that are none."""
        for value in filter(None, (self.source, self.key)):
            if not _PLAIN.fullmatch(value):
                words = "Ecotone-Source and Idempotency-Key are 1 to 120 printable ASCII characters; shorten it"
                raise Refused(422, words)
        if self.key and self.position is not None:
            raise Refused(422, "Idempotency-Key and Ecotone-Position are two ways to say one thing; send one of them")


class Kept(BaseModel):
    """The answer to rows: they are on the disk."""

    rows: int = Field(description="Rows of the body that were new")
    first: int = Field(description="Number of the first of them in the monitor's stream")
    repeated: int = Field(description="Rows that had been kept before and were not counted again")
    alarms: list[dict[str, Any]]
    breaks: list[dict[str, Any]] = Field(
        description="Facts about columns and sources, of these rows and those read with them"
    )


class Told(BaseModel):
    """The answer to labels: those that count are on the disk."""

    labels: int = Field(description="Labels of the body that count")
    repeated: int = Field(description="Rows of the body that had been kept before")
    alarms: list[dict[str, Any]]
    breaks: list[dict[str, Any]] = Field(description="Labels of no row, given before, or contradicting: not counted")


def router() -> APIRouter:
    """``/monitors``."""
    made = APIRouter(tags=["monitors"], prefix="/monitors")
    add = made.add_api_route
    add("", get_monitors, methods=["GET"], summary="All monitors")
    add("/{name}", get_monitor, methods=["GET"], summary="Where a monitor stands")
    add("/{name}/alarms", get_alarms, methods=["GET"], summary="Episodes of alarms")
    add("/{name}/timeline", get_timeline, methods=["GET"], summary="The stream in chunks")
    add("/{name}/sources/{source:path}", get_source, methods=["GET"], summary="How many rows of a source are kept")
    add(
        "/{name}/rows", post_rows, methods=["POST"], openapi_extra=DESCRIPTION, summary="Rows for a monitor",
        response_model=Kept,
    )  # fmt: skip
    add("/{name}/labels", post_labels, methods=["POST"], openapi_extra=DESCRIPTION, summary="Labels that come late")
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


async def get_source(
    request: Request,
    name: str,
    source: str,
    labels: Annotated[bool, Query(description="Of its labels, and not of its rows")] = False,
) -> dict[str, Any]:
    """Where to go on after a broken connection."""
    kept = labels_of(source) if labels else source
    place = await run_in_threadpool(writer_of(request, name).store.place, kept)
    return {"source": source, "rows": 0 if place is None else place[0]}


Source = Annotated[str, Header(alias="Ecotone-Source", description="Whose rows they are")]
Position = Annotated[
    int | None, Header(alias="Ecotone-Position", description="How many rows of this source came before", ge=0)
]
IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", description="In place of a position: a name of this body alone")
]


async def post_rows(
    request: Request, name: str, source: Source = "", position: Position = None, key: IdempotencyKey = ""
) -> Response:
    """Answered when the rows are on the disk. A repeat with the same position or key counts nothing twice."""
    taken = await _taken(request, name, Named(source, position, key), labels=False)
    update = taken.update
    kept = Kept(
        rows=update.rows, first=taken.first, repeated=taken.repeated, alarms=[plain(a) for a in update.alarms],
        breaks=[plain(b) for b in update.breaks],
    )  # fmt: skip
    return Response(kept.model_dump_json(), media_type="application/json")  # as it is: the framework would look again


async def post_labels(
    request: Request, name: str, source: Source = "", position: Position = None, key: IdempotencyKey = ""
) -> Told:
    """Joined to their rows by the monitor's id column; a label that fits no row, or came before, is one of `breaks`."""
    taken = await _taken(request, name, Named(source, position, key), labels=True)
    update = taken.update
    return Told(
        labels=update.rows, repeated=taken.repeated, alarms=[plain(a) for a in update.alarms],
        breaks=[plain(b) for b in update.breaks],
    )  # fmt: skip


async def _taken(request: Request, name: str, named: Named, *, labels: bool) -> Taken:
    """What became of a body, once it is on the disk."""
    writer, limits = writer_of(request, name), request.app.state.settings.limits
    named.check()
    body, rows = await read_table_of(request, limits)
    mark = digest(b"labels" * labels + body) if named.key else ""
    waiting = Waiting(rows, named.source, named.position, named.key, mark, labels)
    writer.submit(waiting)
    return await asyncio.wrap_future(waiting.answer)


async def post_accept(request: Request, name: str) -> dict[str, Any]:
    """A new monitor begins with them; open episodes end."""
    return {"accepted": await run_in_threadpool(_decided, writer_of(request, name))}


async def post_reset(request: Request, name: str) -> dict[str, Any]:
    """All evidence begins at nothing again; open episodes end."""
    await run_in_threadpool(writer_of(request, name).reset)
    return {"reset": True}


def _decided(writer: Writer) -> int:
    try:
        return writer.accept()
    except BadInput as error:
        raise Refused(409, str(error)) from None
