"""What a check found as JSON values: the one place where frozen dataclasses become a document."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

#: Metadata of a field whose key is left out where its value is None.
OPTIONAL: Mapping[str, bool] = MappingProxyType({"optional": True})
#: A class's ``JSON``: its keys in order, each an attribute's name or a key and the attribute that it shows.
Keys = tuple[str | tuple[str, str], ...]


class Key(NamedTuple):
    """A key of the JSON object that a dataclass becomes."""

    name: str
    attribute: str
    optional: bool


@cache
def keys_of(kind: type) -> tuple[Key, ...]:
    """The keys of a dataclass: those that its ``JSON`` lists, which may be properties, else its fields."""
    found = {field.name: field for field in fields(kind)}
    listed: Keys = getattr(kind, "JSON", tuple(found))
    pairs = [(key, key) if isinstance(key, str) else key for key in listed]
    return tuple(
        Key(name, attribute, attribute in found and bool(found[attribute].metadata.get("optional")))
        for name, attribute in pairs
    )


def to_dict(found: Any) -> dict[str, Any]:
    """A frozen dataclass as a JSON object, and all that it holds.

    Parameters
    ----------
    found : dataclass
        Keys are the names of its fields, or what its ``JSON`` lists; fields with the metadata ``OPTIONAL`` are left
        out where they are None.

    Examples
    --------
    >>> from dataclasses import dataclass, field
    >>> @dataclass(frozen=True)
    ... class Found:
    ...     name: str
    ...     interval: tuple[float, float]
    ...     note: str | None = field(default=None, metadata=OPTIONAL)
    >>> to_dict(Found("x", (0.5, float("inf"))))
    {'name': 'x', 'interval': [0.5, None]}
    """
    if not is_dataclass(found) or isinstance(found, type):
        raise TypeError(f"{type(found).__name__} is no dataclass")
    values = ((key, getattr(found, key.attribute)) for key in keys_of(type(found)))
    return {key.name: jsonable(value) for key, value in values if not (key.optional and value is None)}


def jsonable(value: Any) -> Any:
    """Plain JSON values; NaN and infinities become None, halves of surrogate pairs question marks."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {jsonable(str(key)): jsonable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return [jsonable(entry) for entry in value.tolist()]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return to_dict(value) if is_dataclass(value) else value


def strict_json(content: Mapping[str, Any], indent: int | None = None) -> str:
    """A document in which what JSON has no word for is null."""
    return json.dumps(jsonable(content), indent=indent, allow_nan=False, ensure_ascii=False)


def finite(value: float | None) -> float | None:
    """A number as JSON has it: None for what is not finite."""
    return None if value is None or not math.isfinite(value) else float(value)


def finite_ends(interval: tuple[float, float] | None) -> tuple[float | None, float | None] | None:
    """The ends of an interval, of which one may be open."""
    return None if interval is None else (finite(interval[0]), finite(interval[1]))
