"""Nested dataclasses and arrays as JSON beside arrays, and back: no class but those named can come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput


def to_tree(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """JSON of a value; its arrays are added to ``arrays`` and named in it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, tuple | list):
        return [to_tree(v, arrays) for v in value]
    if isinstance(value, set | frozenset):
        return {"set": sorted(to_tree(v, arrays) for v in value)}
    if is_dataclass(value):
        made = {f.name: to_tree(getattr(value, f.name), arrays) for f in fields(value)}
        return {"is": type(value).__name__, "with": made}
    raise TypeError(f"{type(value).__name__} has no place in a stored state")


def from_tree(tree: Any, arrays: dict[str, NDArray[Any]], classes: Iterable[type]) -> Any:
    """What :func:`to_tree` was given, with tuples in the place of lists and frozensets in that of sets.

    Raises
    ------
    BadInput
        A class that is not among ``classes``, or fields that are not its own.
    """
    known = {c.__name__: c for c in classes}

    def built(at: Any) -> Any:
        if isinstance(at, list):
            return tuple(built(v) for v in at)
        if not isinstance(at, dict):
            return at
        if "array" in at:
            return arrays[at["array"]]
        if "set" in at:
            return frozenset(built(v) for v in at["set"])
        make: Callable[..., Any] = known[at["is"]]
        return make(**{k: built(v) for k, v in at["with"].items()})

    try:
        return built(tree)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"the state does not fit this version ({error}); start a new monitor") from None
