"""The stages of a check, timed and told."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

from ecotone.contracts import ProgressListener


class Stages:
    """Times each stage and tells whoever listens, in the thread that began."""

    def __init__(self, progress: ProgressListener) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._owner = get_ident()

    @contextmanager
    def __call__(self, name: str, done: float) -> Iterator[None]:
        if get_ident() == self._owner:
            self._progress(name, done)
        start = clock.perf_counter()
        yield
        self.seconds[name] = clock.perf_counter() - start

    def timing(self) -> dict[str, float]:
        """The ``timing`` section."""
        return {name: round(seconds, 4) for name, seconds in self.seconds.items()}
