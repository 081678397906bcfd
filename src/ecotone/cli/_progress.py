"""What a command does while it works: a bar in a terminal, and off terminals a line every half minute."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

EVERY = 30.0
"""Seconds between two lines."""

SERVICES = ("mcp", "serve")
"""Commands that are meant to go on: that they do is no news."""

Listener = Callable[[str, float], None]


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

    def tell(self, stage: str, done: float) -> None:
        """Take note of the stage and of the share that is done."""
        self._stage = f"{stage}, {done:.0%}"

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


def tell(stage: str, done: float) -> None:
    """Let the next line say what the command is at."""
    for beat in _now:
        beat.tell(stage, done)


@contextmanager
def progress(*, quiet: bool = False, verbose: bool = False) -> Iterator[Listener | None]:
    """What to tell stages to: a line each, a bar in a terminal, or the line of every half minute."""
    if verbose:
        yield lambda name, done: print(f"[{done:4.0%}] {name}", file=sys.stderr)
    elif quiet or not sys.stderr.isatty():
        yield tell
    else:
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("starting", total=1.0)
            yield lambda name, done: bar.update(task, completed=done, description=name)
