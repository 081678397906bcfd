"""Bodies of requests: read up to a limit of bytes and of time, and decoded into a table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from ._arrow_rows import arrow_table, parquet_table
from ._json_rows import json_table, lines_table
from ._refused import Refused
from ._settings import Limits

_READERS: dict[str, Callable[[bytes, Limits], pa.Table]] = {
    "application/json": json_table,
    "application/x-ndjson": lines_table,
    "application/jsonl": lines_table,
    "application/vnd.apache.arrow.stream": arrow_table,
    "application/vnd.apache.arrow.file": arrow_table,
    "application/vnd.apache.parquet": parquet_table,
}
#: Bytes that are decoded in less time than another thread takes to begin.
SHORT = 50_000
#: The body of a request that takes a table, for the service's description of itself.
DESCRIPTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"type": "array", "items": {"type": "object"}, "description": "rows"},
                        {"type": "object", "additionalProperties": {"type": "array"}, "description": "columns"},
                    ]
                }
            },
            **{
                media: {"schema": {"type": "string", "format": "binary"}}
                for media in _READERS
                if media != "application/json"
            },
        },
    }
}


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body of a request, whole.

    Raises
    ------
    Refused
        413 where it is longer than the limit, 408 where it does not come in time, 400 where it ends early.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdecimal() and int(declared) > limits.bytes:
        raise _too_long(limits)
    parts, size = [], 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                parts.append(part)
                size += len(part)
                if size > limits.bytes:
                    raise _too_long(limits)
    except TimeoutError:
        raise Refused(408, f"the body did not come whole in {limits.seconds:g} s; send it at once") from None
    except ClientDisconnect:
        raise Refused(400, "the body ended before its declared length; send it again") from None
    return b"".join(parts)


def _too_long(limits: Limits) -> Refused:
    return Refused(
        413, f"the body is longer than {limits.bytes} bytes; send fewer rows at once", {"Connection": "close"}
    )


def media_type(request: Request) -> str:
    """What a body says that it is, in small letters and without parameters; JSON where it says nothing.

    Raises
    ------
    Refused
        415 for what is not read here.
    """
    media: str = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media not in _READERS:
        raise Refused(415, f"a body of type {media[:60]!r} is not read; send one of {', '.join(_READERS)}")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise Refused(415, f"a body with Content-Encoding {coding[:60]!r} is not read; send it as it is, or as Parquet")
    return media


async def read_table_of(request: Request, limits: Limits) -> tuple[bytes, pa.Table]:
    """The body of a request, and the table that it holds; a long one is decoded while others are answered."""
    media = media_type(request)
    body = await read_body(request, limits)
    if len(body) <= SHORT:
        return body, decoded(body, media, limits)
    return body, await run_in_threadpool(decoded, body, media, limits)


def decoded(body: bytes, media: str, limits: Limits) -> pa.Table:
    """The table that a body holds.

    Raises
    ------
    Refused
        400 for what is not of its type, 413 for too many rows or columns, 422 for a table without any.
    """
    if not body:
        raise Refused(400, "the body is empty; send a table")
    return _READERS[media](body, limits)
