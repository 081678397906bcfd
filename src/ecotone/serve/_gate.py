"""What stands before every address: the token, and the clock."""

from __future__ import annotations

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ._metrics import Metrics
from ._problems import problem
from ._refused import Refused
from ._token import check_token

#: Addresses that nobody needs a token for: they say nothing about data.
OPEN = ("/healthz", "/readyz")
_STYLE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _STYLE.encode()),
    (b"referrer-policy", b"no-referrer"),
)


class Gate:
    """Asks for the token, times the answer, and marks it as nobody's to keep or to run.

    Parameters
    ----------
    inner : ASGI application
    token : str or None
    metrics : Metrics
    """

    def __init__(self, inner: ASGIApp, token: str | None, metrics: Metrics) -> None:
        self.inner, self.token, self.metrics = inner, token, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            await self._admitted(scope, receive, noted)
        finally:
            self.metrics.answered(_route(scope), scope["method"], status, time.perf_counter() - start)

    async def _admitted(self, scope: Scope, receive: Receive, send: Any) -> None:
        if self.token is not None and scope["path"] not in OPEN:
            shown = next((v for k, v in scope["headers"] if k == b"authorization"), b"")
            try:
                check_token(self.token, scope["method"], shown)
            except Refused as error:
                await problem(error.status, error.detail, error.headers)(scope, receive, send)
                return
        await self.inner(scope, receive, send)


def _route(scope: Scope) -> str:
    """The address as it was declared: a made-up one would be a label of its own."""
    return str(getattr(scope.get("route"), "path", "other"))
