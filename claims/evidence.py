"""What each method can show: a contract test, an oracle test, a claim. Read from the sources and the results."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from about import about
from digest import digest

from ecotone.cards import Card, discover

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "src" / "ecotone" / "_evidence.json"
RESULTS = ROOT / "claims" / "results"


def claims(root: Path = ROOT) -> dict[str, Path]:
    """Claim files by the name of the file, which is that of the method's own file."""
    found = sorted(p for p in root.glob("claims/*/*.py") if not p.name.startswith("_") and p.parent.name[0] != "_")
    return {path.stem: path for path in found}


def result(stem: str) -> dict[str, Any] | None:
    """The stored result of a claim, with ``stale``: whether code that it rests on has changed since."""
    path, claim = RESULTS / f"{stem}.json", claims().get(stem)
    if claim is None or not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**found, "stale": found.get("digest") != digest(claim)}


def seeds(found: dict[str, Any]) -> int | None:
    """How many seeds a result rests on, where it says so or gives a figure for each."""
    ours = found.get("ours")
    stated: int | None = found.get("seeds", len(ours) if isinstance(ours, list) else None)
    return stated


def stem_of(card: Card) -> str:
    """Name of the method's file, without the underscore."""
    return card.module.rsplit(".", 1)[-1].lstrip("_")


def collect() -> dict[str, dict[str, Any]]:
    """State of evidence by method name."""
    families, oracles = contract_families(), oracle_names()
    return {
        name: {"contract": card.contract in families, "oracle": name in oracles, **_claim(card)}
        for name, card in sorted(discover().items())
    }


def write() -> None:
    """Store the state of evidence beside the package's sources."""
    EVIDENCE.write_text(json.dumps(collect(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _claim(card: Card) -> dict[str, Any]:
    """The claim's verdict, and when, over how many seeds and with which code it was reached."""
    stem = stem_of(card)
    if stem not in claims() and card.row is None:
        return {"claim": "none"}
    found = result(stem)
    if found is None:
        return {"claim": "missing"}
    words = about(claims()[stem])
    return {
        "claim": "holds" if found.get("holds") is True else "fails",
        "setting": words.setting,
        "little_weight": bool(words.weight),
        "after_pilot": bool(words.pilot),
        "stale": found["stale"],
        "date": found.get("date"),
        "seeds": seeds(found),
        "digest": found.get("digest"),
    }


def contract_families(root: Path = ROOT) -> set[str]:
    """Contracts that a test in tests/contracts selects cards by: ``card.contract == "..."`` or ``in (...)``."""
    found: set[str] = set()
    for path in sorted(root.glob("tests/contracts/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and getattr(node.left, "attr", None) == "contract":
                for side in node.comparators:
                    inside = side.elts if isinstance(side, ast.Tuple | ast.Set | ast.List) else [side]
                    found |= {e.value for e in inside if isinstance(e, ast.Constant) and isinstance(e.value, str)}
    return found


def oracle_names(root: Path = ROOT) -> set[str]:
    """Names in ``pytest.mark.oracle("...")`` anywhere below tests."""
    found: set[str] = set()
    for path in sorted(root.glob("tests/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "oracle":
                found |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found
