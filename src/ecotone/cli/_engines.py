"""The engine that a command asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ecotone.contracts import BadInput, ProgressListener

if TYPE_CHECKING:
    from ecotone.data.engines import Engine


@contextmanager
def opened_engine(
    name: str | None, address: str | None, workers: int | None, partitions: int | None = None
) -> Iterator[Engine | None]:
    """The engine of ``--engine``, closed at the end; None for this process alone.

    Raises
    ------
    BadInput
        An option about an engine without one; as :func:`ecotone.data.engines.open_engine`.
    """
    if name is None:
        for option, value in (("--address", address), ("--workers", workers), ("--partitions", partitions)):
            if value is not None:
                raise BadInput(f"{option} {value} is about an engine; add --engine local or --engine ray")
        yield None
        return
    from ecotone.data.engines import open_engine

    with open_engine(name, address=address, workers=workers) as engine:
        yield engine


def profiled_sides(
    reference: str,
    current: str,
    engine: Engine | None,
    *,
    partitions: int | None,
    seed: int,
    progress: ProgressListener,
) -> dict[str, Any]:
    """Both tables as they are given, or with an engine their profiles, the current one's on the reference's cut points.

    What is a profile already stays one.
    """
    if engine is None:
        return {}
    from ecotone.data import open_profile, profile

    how: dict[str, Any] = {"engine": engine, "partitions": partitions, "seed": seed, "progress": progress}
    first = open_profile(reference, "reference") or profile(reference, name="reference", **how)
    second = open_profile(current, "current") or profile(current, name="current", like=first, **how)
    return {"reference": first, "current": second}
