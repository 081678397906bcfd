"""What belongs to a method: the files that compute it, and the tests that concern it."""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

from ecotone.cards import Card, discover

ROOT = Path(__file__).resolve().parents[2]


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def method_file(card: Card) -> Path:
    return (ROOT / "src").joinpath(*card.module.split(".")).with_suffix(".py")


@cache
def _helpers(file: Path) -> frozenset[Path]:
    """Files of the same folder, without a card of their own, that a file imports."""
    named = [
        file.parent / f"{node.module}.py"
        for node in ast.walk(ast.parse(_text(file)))
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
    ]
    return frozenset(path for path in named if path.exists() and "CARD = Card(" not in _text(path))


def core_files(card: Card) -> list[Path]:
    """The method's file, and the files beside it that serve no other method."""
    own = method_file(card)
    others = {helper for other in discover().values() if other is not card for helper in _helpers(method_file(other))}
    return [own, *sorted(_helpers(own) - others)]


def test_files(card: Card) -> list[Path]:
    """Files with an oracle of the method, and the contract tests of its family."""
    files = sorted((ROOT / "tests").rglob("test_*.py"), key=lambda path: (path.parent.name == "contracts", path))
    oracle = re.compile(rf'oracle\(\s*"{re.escape(card.name)}"')
    return [
        path
        for path in files
        if oracle.search(_text(path)) or (path.parent.name == "contracts" and f'"{card.contract}"' in _text(path))
    ]


def code_digest(card: Card, seed: int, count: int) -> str:
    """Of what is broken: the code of the core, whatever its comments and docstrings say."""
    return _hashed(f"{seed} {count}", *(_code(path) for path in core_files(card)))


def tests_digest(card: Card) -> str:
    """Of the files with the tests that are to notice."""
    return _hashed(*(_text(path) for path in test_files(card)))


def _hashed(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


@cache
def _code(path: Path) -> str:
    tree = ast.parse(_text(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


class Concerning:
    """A pytest plugin that keeps the tests which concern one method.

    Those marked as its oracle, those of its family's contract that are given its card, and those in the same files
    that name it.
    """

    def __init__(self, name: str) -> None:
        self.name, self.kept = name, 0
        self._word = re.compile(rf"\b{re.escape(name)}\b")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept = [item for item in items if self._concerns(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
        self.kept = len(kept)

    def _concerns(self, item: pytest.Item) -> bool:
        if any(self.name in mark.args for mark in item.iter_markers("oracle")):
            return True
        given = getattr(getattr(item, "callspec", None), "params", {}).values()
        cards = [value.name for value in given if isinstance(value, Card) or type(value).__name__ == "Card"]
        if cards:
            return self.name in cards
        function = getattr(item, "function", None)
        return function is not None and bool(self._word.search(inspect.getsource(function)))
