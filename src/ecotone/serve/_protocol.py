"""HTTP/1.1 as uvicorn speaks it, but for those who never say what they want."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds in which a request's headers must have come, of a new connection and of one that is kept.
PATIENCE = 20.0


class Protocol(H11Protocol):
    """A connection that is closed where no request comes in time, however slowly it drips in.

    uvicorn waits for ever for the headers of the first request; a few hundred such connections are all that a process
    may have open. A body's time is limited where it is read.
    """

    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self.loop.call_later(PATIENCE, self._late)

    def _late(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
