"""Rooms that load their methods only when one is asked for."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``package`` resolve its public names on first use.

    The names are those that the package's own ``if TYPE_CHECKING:`` block imports, so a room lists each
    method once, for type checkers and for the interpreter alike. ``from .room import *`` there stands for
    all the names that the room inside lists.

    Returns
    -------
    (__getattr__, __dir__)
        ``__all__`` is set as well: were it assigned in the room, type checkers, which cannot compute it, would find
        no name in ``from .room import *``.
    """
    where = listed(Path(file))
    sys.modules[package].__dict__["__all__"] = sorted(where)

    def __getattr__(name: str) -> Any:
        if name in where:
            value = getattr(importlib.import_module(f"{package}.{where[name]}"), name)
            setattr(sys.modules[package], name, value)
            return value
        try:  # a room inside this room
            return importlib.import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":
                raise
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None

    return __getattr__, lambda: sorted(where)


def listed(init: Path) -> dict[str, str]:
    """Public names of a package by its ``__init__.py``, and the module inside it that each is to be had of."""
    where: dict[str, str] = {}
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for line in node.body:
                if isinstance(line, ast.ImportFrom) and line.module and line.level == 1:
                    named = (name.asname or name.name for name in line.names)
                    inside = init.parent / line.module / "__init__.py"
                    names = listed(inside) if line.names[0].name == "*" else named
                    where.update(dict.fromkeys(names, line.module))
    return where
