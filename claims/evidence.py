"""What each method can show: a contract test, an oracle test, a claim. Read from the sources and the results."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

from ecotone.cards import Card, discover

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "src" / "ecotone" / "_evidence.json"
RESULTS = ROOT / "claims" / "results"


def claims() -> dict[str, Path]:
    """Claim files by the name of the file, which is that of the method's own file."""
    found = sorted(p for p in ROOT.glob("claims/*/*.py") if not p.name.startswith("_") and p.parent.name[0] != "_")
    return {path.stem: path for path in found}


def digest(path: Path) -> str:
    """Of the claim's source: a result counts only for the source that it was made with."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def result(stem: str) -> dict[str, Any] | None:
    """The stored result of a claim, if it was made with the present source."""
    path, claim = RESULTS / f"{stem}.json", claims().get(stem)
    if claim is None or not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found if found.get("digest") == digest(claim) else None


def stem_of(card: Card) -> str:
    """Name of the method's file, without the underscore."""
    return card.module.rsplit(".", 1)[-1].lstrip("_")


def collect() -> dict[str, dict[str, Any]]:
    """State of evidence by method name."""
    families, oracles = _families(), _oracles()
    return {
        name: {"contract": card.contract in families, "oracle": name in oracles, "claim": _claim(card)}
        for name, card in sorted(discover().items())
    }


def write() -> None:
    """Store the state of evidence beside the package's sources."""
    EVIDENCE.write_text(json.dumps(collect(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _claim(card: Card) -> str:
    stem = stem_of(card)
    if stem not in claims() and card.row is None:
        return "none"
    found = result(stem)
    return "missing" if found is None else "holds" if found.get("holds") is True else "fails"


def _families() -> set[str]:
    """Contracts that a test in tests/contracts selects cards by: ``card.contract == "..."`` or ``in (...)``."""
    found: set[str] = set()
    for path in sorted(ROOT.glob("tests/contracts/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and getattr(node.left, "attr", None) == "contract":
                for side in node.comparators:
                    inside = side.elts if isinstance(side, ast.Tuple | ast.Set | ast.List) else [side]
                    found |= {e.value for e in inside if isinstance(e, ast.Constant) and isinstance(e.value, str)}
    return found


def _oracles() -> set[str]:
    """Names in ``pytest.mark.oracle("...")`` anywhere below tests."""
    found: set[str] = set()
    for path in sorted(ROOT.glob("tests/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "oracle":
                found |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found
