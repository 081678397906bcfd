"""Work that takes seconds: one piece at a time, in a thread, and only so many wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from ._refused import Refused

T = TypeVar("T")


class Turns:
    """One at a time; when ``most`` wait already, the next is refused with 503.

    Parameters
    ----------
    most : int
    """

    def __init__(self, most: int) -> None:
        self.most, self._here, self._lock = most, 0, asyncio.Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``, when its turn has come."""
        if self._here > self.most:
            raise Refused(503, f"{self.most} requests wait already; send it again later", {"Retry-After": "5"})
        self._here += 1
        try:
            async with self._lock:
                found: T = await run_in_threadpool(work)
                return found
        finally:
            self._here -= 1
