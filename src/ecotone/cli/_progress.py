"""What a command does while it works: a bar in a terminal, and off terminals a line every half minute."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ecotone.contracts import ProgressListener, progress_bar, unwatched

EVERY = 30.0
"""Seconds between two lines."""

SERVICES = ("mcp", "serve")
"""Commands that are meant to go on: that they do is no news."""


class Heartbeat:
    """Writes a line to stderr every so many seconds, until it is stopped.

    Parameters
    ----------
    what : str
        The command.
    every : float
        Seconds.
    """

    def __init__(self, what: str, every: float | None = None) -> None:
        self._what, self._every = what, EVERY if every is None else every
        self._stage = ""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def tell(self, stage: str, done: float | None) -> None:
        """Take note of the stage and of the share that is done."""
        self._stage = stage if done is None else f"{stage}, {done:.0%}"

    def _beat(self) -> None:
        start = time.monotonic()
        while not self._done.wait(self._every):
            stage = f" ({self._stage})" if self._stage else ""
            with contextlib.suppress(OSError, ValueError):  # a reader that has gone changes no answer
                sys.stderr.write(f"ecotone {self._what}: at work for {time.monotonic() - start:.0f} s{stage}\n")
                sys.stderr.flush()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


_now: list[Heartbeat] = []


@contextmanager
def beating(arguments: Sequence[str]) -> Iterator[None]:
    """Off terminals, unless it is to be quiet, a line every half minute while a command works."""
    what = next((word for word in arguments if not word.startswith("-")), "")
    if "--quiet" in arguments or not what or what in SERVICES or sys.stderr.isatty():
        yield
        return
    with Heartbeat(what) as beat:
        _now.append(beat)
        try:
            yield
        finally:
            _now.remove(beat)


def tell(stage: str, done: float | None) -> None:
    """Let the next line say what the command is at."""
    for beat in _now:
        beat.tell(stage, done)


@contextmanager
def progress(*, quiet: bool = False, verbose: bool = False) -> Iterator[ProgressListener]:
    """What to tell stages to: a line each, a bar in a terminal, or the line of every half minute."""
    if quiet:
        yield unwatched
    elif verbose:
        yield lines()
    elif not sys.stderr.isatty():
        yield tell
    else:
        with progress_bar() as bar:
            yield bar


def lines() -> ProgressListener:
    """A line on stderr for each stage that begins; more of the same stage is no news."""
    last = ""

    def write(stage: str, done: float | None) -> None:
        nonlocal last
        # what follows a comma is a figure that changes as the stage goes on
        if (name := stage.split(",")[0]) != last:
            last = name
            print(f"[{'  ··' if done is None else f'{done:4.0%}'}] {stage}", file=sys.stderr, flush=True)

    return write
