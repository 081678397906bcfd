"""Work on columns, or on independent parts of a check, side by side on a few threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

FEWEST = 2_000_000  # values below which threads wait for each other longer than they compute
MOST = 4


def thread_map(work: Callable[[A], B], items: Iterable[A], *, values: int) -> list[B]:
    """``[work(item) for item in items]``; on threads where there are enough values. The results are the same.

    Parameters
    ----------
    work : callable
        Spends its time where Python's lock is not held: in NumPy, Arrow or trees.
    items : iterable
    values : int
        Numbers that are worked on in all.

    Examples
    --------
    >>> thread_map(abs, [-1, 2, -3], values=3)
    [1, 2, 3]
    """
    if values < FEWEST:
        return [work(item) for item in items]
    from joblib import cpu_count  # cores that this process may use; slow to import

    with ThreadPoolExecutor(min(MOST, cpu_count())) as pool:
        return list(pool.map(work, items))
