"""A digest of the code that a claim runs: its own file, the method, and whatever they reach inside the project.

The unit is a definition at the top of a module (a function, a class, a constant): from the claim's file on, every name
is followed through imports and the lists of lazily loaded rooms. Docstrings, comments and the places of files are left
out, so that words, moves and unrelated neighbours change nothing; anything that is executed does.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def digest(claim: Path, root: Path = ROOT, of: str | None = None) -> str:
    """Of all definitions that a claim reaches, or one definition of its file; their order and files are no matter."""
    units = reached(claim, root, of)
    return hashlib.sha256("\n".join(sorted(_code(*unit) for unit in units)).encode()).hexdigest()[:16]


def reached(claim: Path, root: Path = ROOT, of: str | None = None) -> set[tuple[Path, str]]:
    """Definitions as (file, name), from the claim's whole file on, or from one definition of it."""
    claim = claim.resolve()
    found: set[tuple[Path, str]] = set()
    left = [(claim, name) for name in _module(claim).definitions if of in (None, name)]
    while left:
        unit = left.pop()
        if unit not in found:
            found.add(unit)
            left += _uses(*unit, root)
    return found


@dataclass
class _Module:
    """What a file defines at its top, and what it imports there: local name to (module, name), dots for relative."""

    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def stars(self) -> list[str]:
        """Modules of which all names are imported."""
        return [module for module, name in self.imports.values() if name == "*"]


@cache
def _module(path: Path) -> _Module:
    made = _Module()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If | ast.Try):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    made.imports |= _names(inner)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            made.imports |= _names(node)
        elif not _is_text(node):
            for name in _bound(node):
                if name not in ("CARD", "ABOUT", "__getattr__"):
                    made.definitions.setdefault(name, []).append(node)
    return made


def _names(node: ast.Import | ast.ImportFrom) -> dict[str, tuple[str, str]]:
    if isinstance(node, ast.Import):
        return {
            (a.asname or a.name.split(".")[0]): (a.name if a.asname else a.name.split(".")[0], "") for a in node.names
        }
    module = "." * node.level + (node.module or "")
    return {a.asname or (a.name if a.name != "*" else f"* of {module}"): (module, a.name) for a in node.names}


def _bound(node: ast.stmt) -> list[str]:
    """Names that a statement at the top of a module defines; ``""`` for one that only does something."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return names or [""]


@cache
def _uses(path: Path, name: str, root: Path) -> tuple[tuple[Path, str], ...]:
    """Definitions of the project that one definition names."""
    module, found = _module(path), []
    for node in module.definitions[name]:
        imports = dict(module.imports)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                imports |= _names(inner)
        for used in {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}:
            if used in module.definitions:
                found.append((path, used))
            elif used in imports:
                found += _imported(*imports[used], used, node, path, root)
        found += [(path, "")] if "" in module.definitions else []
    return tuple(dict.fromkeys(found))


def _imported(module: str, name: str, local: str, node: ast.stmt, path: Path, root: Path) -> Iterator[tuple[Path, str]]:
    """The definitions behind an imported name; of a module, those that are taken from it as attributes."""
    whole = _file(module, path, root) if not name else _file(f"{module.rstrip('.')}.{name}", path, root)
    if whole is None:
        yield from _definition(module, name, path, root)
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == local:
            yield from _definition_in(whole, inner.attr, root)


def _definition(module: str, name: str, path: Path, root: Path) -> Iterator[tuple[Path, str]]:
    file = _file(module, path, root)
    if file is not None:
        yield from _definition_in(file, name, root)


def _definition_in(file: Path, name: str, root: Path) -> Iterator[tuple[Path, str]]:
    module = _module(file)
    if name in module.definitions:
        yield file, name
    elif name in module.imports:
        yield from _definition(*module.imports[name], file, root)
    else:  # a room that takes over what the rooms inside it list
        for room in module.stars:
            yield from _definition(room, name, file, root)


@cache
def _file(module: str, path: Path, root: Path) -> Path | None:
    """The file of a module of the project."""
    dots = len(module) - len(module.lstrip("."))
    parts = [p for p in module.lstrip(".").split(".") if p]
    folders = [path.parents[dots - 1]] if dots else [root / "src", root / "claims"]
    if root / "benchmarks" in path.parents:  # whose files import those beside them
        folders.append(path.parent)
    for folder in folders:
        place = folder.joinpath(*parts)
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if parts and file.is_file():
                return file
    return None


@cache
def _code(path: Path, name: str) -> str:
    """Digest of what a definition executes."""
    nodes = [_Executed().visit(node) for node in _copies(path, name)]
    text = "".join(ast.dump(node, annotate_fields=False) for node in nodes if node is not None)
    return hashlib.sha256(text.encode()).hexdigest()


def _copies(path: Path, name: str) -> list[ast.stmt]:
    return [ast.parse(ast.unparse(node)).body[0] for node in _module(path).definitions[name]]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


class _Executed(ast.NodeTransformer):
    """Without imports and texts that stand alone."""

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_text(node) else self.generic_visit(node)
