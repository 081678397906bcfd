"""Errors as problem documents (RFC 9457): a status that fits, and one sentence with the remedy."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from ecotone.contracts import BadInput

from ._refused import Refused

_LOG = logging.getLogger("ecotone.serve")
MEDIA = "application/problem+json"


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for an error."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(body), status, dict(headers or {}), MEDIA)


async def of_refused(_: Any, error: Refused) -> Response:
    """Of a request that this service refused itself."""
    return problem(error.status, error.detail, error.headers)


async def of_bad_input(_: Any, error: BadInput) -> Response:
    """Of data that can be read and cannot be used."""
    return problem(422, str(error))


async def of_http(_: Any, error: Any) -> Response:
    """Of what the framework refuses: no such address, no such method."""
    status = int(error.status_code)
    words = {404: "there is nothing at this address; /openapi.json lists what there is"}
    return problem(status, words.get(status, str(error.detail)), error.headers)


async def of_arguments(_: Any, error: Any) -> Response:
    """Of arguments in the address that are not of their type."""
    first = error.errors()[0]
    return problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


async def of_anything(request: Any, error: Exception) -> Response:
    """Of a fault of our own: what happened goes to the log and not to the client."""
    _LOG.error("%s %r failed", request.method, request.url.path, exc_info=error)
    return problem(500, "internal error; the service's log says more")
