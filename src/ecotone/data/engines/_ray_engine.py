"""Workers of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ecotone.contracts import BadInput

from ._engine import RETRIES
from ._ray_cluster import Pulse, joined
from ._same_code import versions, work_as_here

A = TypeVar("A")
B = TypeVar("B")

_AHEAD = 2
_LOOK = 2.0  # seconds without news after which the cluster's pulse is felt


class RayEngine:
    """Workers of a Ray cluster, one core each.

    Ray runs a task again, elsewhere, where its worker or its machine dies. Workers read the sources themselves, so
    paths must mean the same to them: an object store, or a file system that all share.

    Parameters
    ----------
    address : str or None
        As :func:`open_engine` says.
    workers : int or None

    Raises
    ------
    BadInput
        Ray is not installed; there is no such cluster, or one of another version.
    """

    name = "ray"

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._ray, self._ours = joined(address, workers)
        self.workers = workers or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self._pulse = Pulse(self._ray, address)

    def map(self, work: Callable[[A], B], items: Sequence[A]) -> Iterator[tuple[int, B]]:
        """As :meth:`Engine.map`."""
        remote = self._ray.remote(max_retries=RETRIES, num_cpus=1)(work_as_here)
        here, running, next_up = versions(), dict[Any, int](), 0
        try:
            while running or next_up < len(items):
                while next_up < len(items) and len(running) < _AHEAD * self.workers:
                    with self._words():
                        running[remote.remote(here, work, items[next_up])] = next_up
                    next_up += 1
                for ref in self._done(list(running)):
                    with self._words():
                        found = self._ray.get(ref)
                    yield running.pop(ref), found
        finally:
            for ref in running:
                self._ray.cancel(ref, force=True)

    def _done(self, running: list[Any]) -> list[Any]:
        with self._words():
            done, _ = self._ray.wait(running, num_returns=1, timeout=_LOOK)
        if not done:
            self._pulse.feel()
        return list(done)

    @contextmanager
    def _words(self) -> Iterator[None]:
        """What Ray raises, as what the work raised, or in one sentence."""
        errors = self._ray.exceptions
        try:
            yield
        except errors.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, ModuleNotFoundError):
                raise BadInput(_not_there(cause)) from None
            raise cause from None
        except errors.RaySystemError as error:
            if "ModuleNotFoundError" in str(error):
                raise BadInput(_not_there(error)) from None
            raise BadInput(_gone(error)) from None
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError) as error:
            raise BadInput(
                f"workers of the Ray cluster died {RETRIES + 1} times on one part of the work "
                f"({type(error).__name__}); give the machines more memory, or smaller parts (--partitions)"
            ) from None
        except (errors.RayError, ConnectionError) as error:
            raise BadInput(_gone(error)) from None

    def close(self) -> None:
        """Leave the cluster; end it where it was started for this engine."""
        if self._ours:
            self._ray.shutdown()

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def _not_there(error: BaseException) -> str:
    line = next((line for line in str(error).splitlines()[::-1] if "No module" in line), str(error))
    return f"workers of the Ray cluster lack a package ({line.strip()}); install this ecotone on its machines"


def _gone(error: BaseException) -> str:
    line = str(error).strip().split("\n")[0][:200]
    return f"the Ray cluster failed ({type(error).__name__}: {line}); see `ray status`, start it again, and run again"
