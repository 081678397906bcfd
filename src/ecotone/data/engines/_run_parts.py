"""All parts through an engine, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVar

from ecotone.contracts import ProgressListener, unwatched

from ._engine import Engine

A = TypeVar("A")
B = TypeVar("B")


def run_parts(
    engine: Engine,
    work: Callable[[A], B],
    items: Sequence[A],
    *,
    what: str,
    progress: ProgressListener = unwatched,
) -> Iterator[tuple[int, B]]:
    """Each item's place and result as they are done; ``progress`` hears the share after each.

    A listener that raises, and closing the iterator, cancel what is left.

    Examples
    --------
    >>> from ecotone.data.engines import open_engine
    >>> with open_engine("local", workers=1) as engine:
    ...     sorted(run_parts(engine, abs, [-3, 2], what="numbers"))
    [(0, 3), (1, 2)]
    """
    results: Any = engine.map(work, items)
    with closing(results):
        for done, found in enumerate(results, 1):
            progress(f"{what}: {done} of {len(items)} parts", done / len(items))
            yield found
