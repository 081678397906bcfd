"""The answers of two machines are the same where they run the same code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import TypeVar

from ecotone.contracts import BadInput

A = TypeVar("A")
B = TypeVar("B")

_PACKAGES = ("numpy", "pyarrow", "scipy")


@cache
def versions() -> dict[str, str]:
    """Versions of what answers depend on to the last bit."""
    from ecotone import __version__

    return {"ecotone": __version__} | {name: version(name) for name in _PACKAGES}


def work_as_here(here: dict[str, str], work: Callable[[A], B], item: A) -> B:
    """``work(item)`` on a worker, where its packages are those of the machine that asks.

    Raises
    ------
    BadInput
        One is of another version.
    """
    for name, found in versions().items():
        if found != here[name]:
            raise BadInput(
                f"a worker has {name} {found} and this machine {here[name]}, whose answers may differ; install the "
                "same on both"
            )
    return work(item)
