"""The answers of two machines are the same where they run the same code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from ecotone.contracts import BadInput

A = TypeVar("A")
B = TypeVar("B")

_PACKAGES = ("numpy", "pyarrow", "scipy")


@cache
def versions() -> dict[str, str]:
    """Versions of what answers depend on to the last bit."""
    return {"ecotone": f"{version('ecotone')}+{_digest()}"} | {name: version(name) for name in _PACKAGES}


def _digest() -> str:
    """Of the package's code: a version says little of a clone."""
    root, found = Path(__file__).parents[2], blake2b(digest_size=4)
    for file in sorted(root.rglob("*.py")):
        found.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


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
