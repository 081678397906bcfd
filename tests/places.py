"""The places that a new method touches, and what is to be written in those that it left out."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from ecotone._lazy import listed
from ecotone.cards import Card, read_cards

ROOT = Path(__file__).resolve().parents[1]

sys.path.insert(0, str(ROOT / "claims"))
evidence = importlib.import_module("evidence")
sys.path.pop(0)

#: Public names that cite a paper and are no methods: what puts methods together, reads, describes, or adapts.
NO_METHODS = frozenset(
    {
        "CachedDenoiser", "CountDenoiser", "NetworkDenoiser", "RelativeEntropy", "calibration_error",
        "conformal_pvalues", "dependence", "effective_sample_size", "evaluate_ood", "gaussian_wasserstein", "load_edm",
        "ood_metrics", "pseudo_outliers", "read_image_list", "recommend", "self_correction", "two_tables",
    }
)  # fmt: skip


def missing(root: Path = ROOT) -> list[str]:
    """One sentence for each place that a method of the project at ``root`` lacks."""
    package = root / "src" / "ecotone"
    cards = read_cards(package)
    families, oracles, claims = (f(root) for f in (evidence.contract_families, evidence.oracle_names, evidence.claims))
    found = list(_without_card(package, cards))
    for card in cards.values():
        stem = evidence.stem_of(card)
        init, verb = package / card.room / "__init__.py", card.room.split("/")[0]
        if listed(init).get(card.name) != f"_{stem}":
            found.append(
                f"{card.name} is not in its room's list: write 'from ._{stem} import {card.name} as {card.name}' "
                f"inside 'if TYPE_CHECKING:' of src/ecotone/{card.room}/__init__.py"
            )
        if card.contract not in families:
            found.append(
                f"{card.name} has no contract test: its card says contract={card.contract!r}; say one of "
                f"{', '.join(sorted(families))}, or write a test in tests/contracts over the cards with "
                f"card.contract == {card.contract!r}"
            )
        if card.name not in oracles:
            found.append(
                f"{card.name} has no oracle test: write one in tests/{verb}/test_{stem}.py against "
                "a closed form, an exhaustive computation or an independent implementation, marked "
                f'@pytest.mark.oracle("{card.name}")'
            )
        if card.row is not None and stem not in claims:
            found.append(
                f"{card.name} has no claim: its card gives row {card.row} of the list of methods; write run(seeds) in "
                f"claims/{verb}/{stem}.py"
            )
    return found


def _without_card(package: Path, cards: dict[str, Card]) -> Iterator[str]:
    """Public names that cite a paper in a file without a card."""
    carded = {card.module for card in cards.values()}
    for init in sorted(package.rglob("__init__.py")):
        room = init.parent.relative_to(package)
        for name, module in listed(init).items():
            file = init.parent / f"{module}.py"
            if ".".join(("ecotone", *room.parts, module)) in carded or name in NO_METHODS or not file.exists():
                continue
            if "References\n" in _docstring(file, name):
                yield (
                    f"{name} cites a paper and has no card: write CARD = Card(name={name!r}, ...) at the top of "
                    f"src/ecotone/{room}/{module}.py; if it is no method, add it to NO_METHODS in tests/places.py"
                )


def _docstring(file: Path, name: str) -> str:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return ""
