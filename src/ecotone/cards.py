"""What a method says of itself: its paper, what it reads, what it is a remedy for, how far it is proved.

Every method's file holds one literal ``CARD = Card(...)``. :func:`discover` reads the literals from the
source text, so that listing a method never imports what the method needs.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Tier = Literal["stable", "method", "experimental"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A method's card.

    Parameters
    ----------
    name : str
        The public name, as its paper has it.
    summary : str
        One line: what it computes.
    contract : str
        The family whose contract tests it takes: ``Distance``, ``Weights``, ``TestResult``, ``Adjustment``,
        ``Calibrator``, ``Detector``, ``Estimate``, ``Explanation``, ``Decision``, ``Sequential``,
        ``ConfidenceSequence``.
    title, authors, year, link : paper
        ``authors`` are ``"Family, Given"``.
    row : int or None
        Row of the list of methods that the library is to hold; None for a standard method.
    reads : tuple of str
        ``rows``, ``profile``, ``logits``, ``probabilities``, ``features``, ``labels``, ``background`` …
    remedy_for : tuple of str
        ``covariate``, ``label``, ``concept``, ``classes``, ``noise``, ``imbalance``, ``miscalibration``, ``outliers``,
        ``unsure``, ``unknown``.
    advice : str
        What a user is told to do where this method is the remedy. What that is expected to bring, the method's own file
        says: ``expected_for_<need>(case) -> Expectation`` of the case that :mod:`ecotone.contracts` has for the need.
    tier : {"stable", "method", "experimental"}
    claim : str
        The headline direction that ``claims/`` reproduces, in one sentence.
    """

    name: str
    summary: str
    contract: str
    title: str
    authors: tuple[str, ...]
    year: int
    link: str
    venue: str = ""
    row: int | None = None
    reads: tuple[str, ...] = ("rows",)
    remedy_for: tuple[str, ...] = ()
    advice: str = ""
    tier: Tier = "method"
    claim: str = ""
    module: str = field(default="", compare=False)

    @property
    def room(self) -> str:
        """The folder that the method lives in, such as ``"measure/ratios"``."""
        return "/".join(self.module.split(".")[1:-1])

    def hook(self, name: str) -> Callable[..., Any] | None:
        """A function of the method's own file, such as ``expected_for_covariate``; None where it has none.

        Imports the method's file.
        """
        found: Callable[..., Any] | None = getattr(importlib.import_module(self.module), name, None)
        return found

    def bibtex(self) -> str:
        """The reference as a BibTeX entry.

        >>> Card(name="A", summary="", contract="", title="On A", authors=("Ho, Jo",), year=2020, link="u").bibtex()
        '@misc{ho2020a,\\n  title = {{On A}},\\n  author = {Ho, Jo},\\n  year = {2020},\\n  url = {u}\\n}'
        """
        family = re.sub(r"\W", "", self.authors[0].split(",")[0]).lower() if self.authors else "anon"
        fields = {"title": f"{{{self.title}}}", "author": " and ".join(self.authors), "year": str(self.year)}
        if self.venue:
            fields["howpublished"] = self.venue
        fields["url"] = self.link
        body = ",\n".join(f"  {key} = {{{value}}}" for key, value in fields.items())
        return f"@misc{{{family}{self.year}{self.name.lower().replace('_', '')},\n{body}\n}}"

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary, room included."""
        return {**asdict(self), "room": self.room}


@cache
def discover() -> dict[str, Card]:
    """All cards by name, read from the package's source without importing any method."""
    return read_cards(Path(__file__).parent)


def read_cards(root: Path) -> dict[str, Card]:
    """All cards below a folder ``ecotone`` by name; two of one name raise ``ValueError``."""
    found: dict[str, Card] = {}
    for path in sorted(root.rglob("_[a-z]*.py")):
        text = path.read_text(encoding="utf-8")
        if "CARD = Card(" not in text:
            continue
        module = ".".join(("ecotone", *path.relative_to(root).with_suffix("").parts))
        card = Card(**_literal(text, module), module=module)
        if card.name in found:
            raise ValueError(f"two cards are named {card.name!r}: {found[card.name].module} and {module}")
        found[card.name] = card
    return found


def _literal(text: str, module: str) -> dict[str, Any]:
    for node in ast.parse(text).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "CARD"
            and isinstance(node.value, ast.Call)
        ):
            return {word.arg: ast.literal_eval(word.value) for word in node.value.keywords if word.arg}
    raise ValueError(f"{module}: CARD must be a literal Card(...) at module level")


def evidence() -> dict[str, dict[str, Any]]:
    """State of evidence by method name, as generated by ``make claims``: contract, oracle, claim."""
    path = Path(__file__).with_name("_evidence.json")
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
