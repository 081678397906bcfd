"""Models as artefacts: what made them as JSON, what they learned as plain arrays."""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecotone.contracts import BadInput
from ecotone.data import write_artefact

if TYPE_CHECKING:
    from ._distribution import Generator

KIND, VERSION = "model", 1


def save(model: Generator, path: str | Path) -> None:
    """Write a fitted model."""
    body, tensors = model._state()
    arrays = {name: t.detach().cpu().numpy() for name, t in tensors.items()}
    write_artefact(path, KIND, VERSION, {"model": describe(model), "state": body}, arrays)


def describe(value: Any) -> Any:
    """A part and its arguments as JSON; raises ``BadInput`` for what is not a part of this library."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.integer | np.floating | np.bool_):
        return value.item()
    if isinstance(value, list | tuple):
        return {"list" if isinstance(value, list) else "tuple": [describe(v) for v in value]}
    if isinstance(value, Mapping):
        return {"dict": {str(k): describe(v) for k, v in value.items()}}
    room, name = type(value).__module__.rpartition(".")[0], type(value).__name__
    if not _listed(room, name):
        raise BadInput(
            f"a {name} from {type(value).__module__} can not be saved: an artefact holds parts of ecotone.learn only; "
            "save the weights of your own parts yourself, and load them into a model built in code"
        )
    return {"part": f"{room}:{name}", "arguments": {k: describe(v) for k, v in _arguments(value).items()}}


def build(described: Any) -> Any:
    """What :func:`describe` described."""
    if not isinstance(described, dict):
        return described
    if set(described) == {"float"}:
        return float(described["float"])
    if set(described) == {"list"}:
        return [build(v) for v in described["list"]]
    if set(described) == {"tuple"}:
        return tuple(build(v) for v in described["tuple"])
    if set(described) == {"dict"}:
        return {k: build(v) for k, v in described["dict"].items()}
    room, _, name = described["part"].partition(":")
    if not _listed(room, name):
        raise ValueError(f"it names {described['part'][:80]!r}, which is no part of this version")
    return getattr(importlib.import_module(room), name)(**{k: build(v) for k, v in described["arguments"].items()})


def _listed(room: str, name: str) -> bool:
    """Whether ``name`` is a public class of a room of ``ecotone.learn``."""
    parts = room.split(".")
    if parts[:2] != ["ecotone", "learn"] or not all(p.isidentifier() and p[0] != "_" for p in parts):
        return False
    try:
        module = importlib.import_module(room)
    except ModuleNotFoundError:
        return False
    return name in getattr(module, "__all__", ()) and isinstance(getattr(module, name), type)


def _arguments(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.metadata.get("saved", True)}
    import inspect

    return {name: getattr(value, name) for name in inspect.signature(type(value)).parameters}
