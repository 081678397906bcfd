"""Make the generated pages (gallery, reference, start, house) and build the site.

    python docs/build.py            pages and site
    python docs/build.py --pages    pages only

The gallery comes from the methods' cards and the stored results of their claims, the reference from the names that
each room lists, the first page from README.md, the house from the imports.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import house

from ecotone._lazy import listed
from ecotone.cards import Card, discover, evidence

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
SOURCE = ROOT / "src" / "ecotone"
_LINK = re.compile(r"(!?\[[^\]]*\])\(([^)\s]+)\)")


def gallery() -> str:
    """Every method by room: paper, what it computes, how far it is proved."""
    proofs, rooms = evidence(), _by_room()
    head = (
        f"{len(discover())} methods in {len(rooms)} rooms. Contract: generic tests of the family. Oracle: a closed "
        "form, an exhaustive case or an independent implementation. [Claim](claims.md): the paper's headline, run."
    )
    lines = ["# Methods", "", head, ""]
    for room, cards in rooms.items():
        lines += [f"## {room}", ""]
        for card in cards:
            lines += [f"### {card.name}", "", card.summary, "", *_facts(card, proofs.get(card.name, {})), ""]
    return "\n".join(lines)


def _by_room() -> dict[str, list[Card]]:
    found: dict[str, list[Card]] = {}
    for card in sorted(discover().values(), key=lambda c: (c.room, c.name.lower())):
        found.setdefault(card.room, []).append(card)
    return found


def _facts(card: Card, proof: dict[str, Any]) -> Iterator[str]:
    venue = f", {card.venue}" if card.venue else ""
    yield f"- {'; '.join(card.authors)} ({card.year}). [{_plain(card.title)}]({card.link}){venue}"
    tests = ", ".join(kind for kind in ("contract", "oracle") if proof.get(kind)) or "no test found"
    row = "" if card.row is None else f"; row {card.row}"
    yield f"- `from ecotone.{card.room.replace('/', '.')} import {card.name}`; reads {', '.join(card.reads)}"
    yield f"- Tier: {card.tier}{row}. Evidence: {tests}{_claimed(card, proof)}"
    if card.advice:
        yield f"- Remedy for {', '.join(card.remedy_for)}: {card.advice}"
    if card.claim:
        yield f"- Claim: {card.claim}"


def _claimed(card: Card, proof: dict[str, Any]) -> str:
    """The claim's verdict with its difference, where there is a stored result."""
    said = {"holds": "claim holds", "fails": "**claim does not hold**", "missing": "claim not run"}
    word = said.get(str(proof.get("claim")))
    if word is None:
        return ""
    path = ROOT / "claims" / "results" / f"{card.module.rsplit('.', 1)[-1].lstrip('_')}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() and word != said["missing"] else {}
    if "difference" not in found:
        return f", {word}"
    low, high = found["interval"]
    return f", {word}: {found['metric']}, difference {found['difference']:+.3g} [{low:+.3g}, {high:+.3g}]"


def _plain(title: str) -> str:
    return title.replace("[", "(").replace("]", ")")


def reference() -> str:
    """A directive for every public name, room by room; mkdocstrings writes what the docstrings say."""
    lines = ["# Reference", ""]
    for path in sorted(SOURCE.rglob("__init__.py"), key=lambda p: (len(p.parts), p)):
        room = ".".join(("ecotone", *path.parent.relative_to(SOURCE).parts))
        names = listed(path)
        if not names:
            continue
        lines += [f"## {room}", "", (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""), ""]
        for name, module in sorted(names.items(), key=lambda item: item[0].lower()):
            lines += [f"::: {room}.{module}.{name}", "    options:", f"      heading: {room}.{name}",
                      "      heading_level: 3", ""]  # fmt: skip
    for module in ("contracts", "cards"):
        lines += [f"## ecotone.{module}", "", f"::: ecotone.{module}", "    options:", "      show_root_heading: false",
                  "      heading_level: 3", ""]  # fmt: skip
    return "\n".join(lines)


def index() -> str:
    """README.md with the paths that hold inside docs; links to what is not part of the site become plain words."""

    def adapted(match: re.Match[str]) -> str:
        label, target = match.groups()
        if re.match(r"[a-z]+:|#", target):
            return match.group(0)
        inside = target.removeprefix("docs/")
        made = inside.split("#")[0] in ("gallery.md", "reference.md")
        if target.startswith("docs/") and (made or (DOCS / inside.split("#")[0]).exists()):
            return f"{label}({inside})"
        return "" if label.startswith("!") else label[1:-1]

    return _LINK.sub(adapted, (ROOT / "README.md").read_text(encoding="utf-8"))


def main() -> None:
    for name, page in (("gallery", gallery), ("reference", reference), ("index", index)):
        (DOCS / f"{name}.md").write_text(page().rstrip() + "\n", encoding="utf-8")
    house.write()
    if "--pages" not in sys.argv[1:]:
        quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
        raise SystemExit(subprocess.call(command, cwd=ROOT, env=quiet))


if __name__ == "__main__":
    main()
