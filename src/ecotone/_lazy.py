"""Rooms that load their methods only when one is asked for."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make ``package`` resolve its public names on first use.

    The names are those that the package's own ``if TYPE_CHECKING:`` block imports, so a room lists each
    method once, for type checkers and for the interpreter alike.

    Returns
    -------
    (__getattr__, __dir__, __all__)
    """
    where: dict[str, str] = {}
    for node in ast.parse(Path(file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for line in node.body:
                if isinstance(line, ast.ImportFrom) and line.module and line.level == 1:
                    where.update({name.asname or name.name: line.module for name in line.names})

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

    return __getattr__, lambda: sorted(where), sorted(where)
