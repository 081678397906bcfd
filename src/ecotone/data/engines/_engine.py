"""What every engine gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")

RETRIES = 3
"""Times that workers may die, or their machine, before any further item is done."""


class Engine(Protocol):
    """Runs one function on each of many items, on workers that may die.

    An item is worked on as often as it takes until some worker has lived to its end, so ``work`` must depend on its
    item alone and must write nothing. What ``work`` raises is raised here, at once: it is about the item.
    """

    @property
    def name(self) -> str:
        """``local`` or ``ray``."""

    @property
    def workers(self) -> int:
        """Items that are worked on at the same time."""

    def map(self, work: Callable[[A], B], items: Sequence[A]) -> Iterator[tuple[int, B]]:
        """Each item's place and result, in the order in which they are done.

        Closing the iterator cancels what has not been done.

        Raises
        ------
        BadInput
            Workers keep dying, or the cluster is gone.
        """

    def close(self) -> None:
        """Give the workers back."""

    def __enter__(self) -> Engine: ...

    def __exit__(self, *error: Any) -> None: ...
