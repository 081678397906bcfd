"""Processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from ecotone.contracts import BadInput

from ._engine import RETRIES

A = TypeVar("A")
B = TypeVar("B")

_AHEAD = 2  # items handed over for each worker, so that none waits for the next


class LocalEngine:
    """Processes of this machine; one worker is this process itself, on threads where the work has any.

    Parameters
    ----------
    workers : int or None
        By default the cores that this process may use.
    """

    name = "local"

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or _cores()
        self._pool: ProcessPoolExecutor | None = None

    def map(self, work: Callable[[A], B], items: Sequence[A]) -> Iterator[tuple[int, B]]:
        """As :meth:`Engine.map`."""
        if self.workers == 1 or len(items) < 2:
            yield from ((at, work(item)) for at, item in enumerate(items))
            return
        waiting, running, deaths = list(range(len(items)))[::-1], dict[Future[B], int](), 0
        try:
            while waiting or running:
                while waiting and len(running) < _AHEAD * self.workers:
                    self._submit(work, items, waiting.pop(), running)
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                lost = [running[job] for job in done if isinstance(job.exception(), BrokenProcessPool)]
                for job in done:
                    at = running.pop(job)
                    if at not in lost:
                        deaths = 0
                        yield at, job.result()
                if lost:
                    deaths += 1
                    waiting += [*running.values(), *lost]
                    running.clear()
                    self._replace(deaths, len(waiting))
        finally:
            for job in running:
                job.cancel()

    def _submit(self, work: Callable[[A], B], items: Sequence[A], at: int, running: dict[Future[B], int]) -> None:
        try:
            running[self._opened().submit(work, items[at])] = at
        except BrokenProcessPool as error:  # it died since the last look
            job: Future[B] = Future()
            job.set_exception(error)
            running[job] = at

    def _opened(self) -> ProcessPoolExecutor:
        if self._pool is None:  # a fork would copy threads that hold locks
            self._pool = ProcessPoolExecutor(self.workers, mp_context=multiprocessing.get_context("spawn"))
        return self._pool

    def _replace(self, deaths: int, left: int) -> None:
        self.close()
        if deaths > RETRIES:
            raise BadInput(
                f"workers died {deaths} times in a row (killed from outside, or out of memory) with {left} parts of "
                "the work left; give fewer workers (--workers), or more memory"
            )

    def close(self) -> None:
        """End the processes; none is left behind."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
