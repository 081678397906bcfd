"""How long runs say what they are at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

ProgressListener: TypeAlias = Callable[[str, float | None], None]
"""Told the stage in words and the share of the whole that is done; None where the whole is not known."""


def unwatched(stage: str, done: float | None = None) -> None:
    """The listener of runs that nobody watches."""


@contextmanager
def progress_bar() -> Iterator[ProgressListener]:
    """A bar on stderr, gone when it ends; what it yields is given as ``progress=``.

    Examples
    --------
    >>> with progress_bar() as bar:
    ...     bar("reading", 0.5)
    """
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)  # the bar runs to and fro until a share is known

        def tell(stage: str, done: float | None) -> None:
            bar.update(task, description=stage, completed=done, total=None if done is None else 1.0)

        yield tell
