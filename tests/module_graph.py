"""The modules of the package and what each imports from another, read from the source alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src"
PATHS = {
    ".".join(p for p in path.relative_to(ROOT).with_suffix("").parts if p != "__init__"): path
    for path in sorted((ROOT / "ecotone").rglob("*.py"))
}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PATHS.items()}
TREES = {name: ast.parse(text) for name, text in TEXTS.items()}


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported(module: str) -> Iterator[tuple[str, str, int]]:
    """(module named, name taken, line) of every import inside the package, also inside functions; not for types."""
    package = module if PATHS[module].name == "__init__.py" else module.rpartition(".")[0]
    left: list[ast.AST] = [TREES[module]]
    while left:
        node = left.pop()
        left += [] if is_for_types(node) else ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from ((a.name, "", node.lineno) for a in node.names if a.name.startswith("ecotone"))
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            named = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((named, a.name, node.lineno) for a in node.names if named.startswith("ecotone"))


@cache
def listed(room: str) -> dict[str, str]:
    """A room's public names, and the module that each is loaded from."""
    if PATHS[room].name != "__init__.py":
        return {}
    lines = [line for node in TREES[room].body if is_for_types(node) for line in node.body]  # type: ignore[attr-defined]
    return {a.name: f"{room}.{line.module}" for line in lines for a in line.names}


def home(module: str, name: str) -> str:
    """The module that has to be loaded for a name of another; that of the room's list, where the room is lazy."""
    if f"{module}.{name}" in PATHS:
        return f"{module}.{name}"
    further = listed(module).get(name)
    return home(further, name) if further in PATHS else module


def graph() -> dict[str, set[str]]:
    """Each module and the modules that it loads."""
    return {m: {found for named, name, _ in imported(m) if (found := home(named, name)) in PATHS} - {m} for m in PATHS}


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Sets of modules that all reach each other (Tarjan), each sorted."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in number:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == number[node]:
            found.append(sorted(stack[stack.index(node) :]))
            del stack[stack.index(node) :]

    for node in edges:
        if node not in number:
            visit(node)
    return sorted(c for c in found if len(c) > 1)


def room_of(module: str) -> str:
    """The package that a module stands in; a package stands for itself."""
    return module if PATHS[module].name == "__init__.py" else module.rpartition(".")[0]


def private_imports() -> dict[str, list[str]]:
    """For each top room, the imports of private modules of another room, also for types."""
    found: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("ecotone."):
                parts = str(node.module).split(".")
                owner = ".".join(p for p in parts if not p.startswith("_"))
                if owner not in ("ecotone", str(node.module), room_of(module)):
                    place = f"{module}:{node.lineno} {node.module}"
                    found.setdefault(".".join(module.split(".")[1:2]), []).append(place)
    return found
