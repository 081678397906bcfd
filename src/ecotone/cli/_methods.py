"""``ecotone methods`` and ``ecotone cite``: what is here, from whom, and how far it is proved."""

from __future__ import annotations

import difflib
import json as json_module
import sys
from typing import Annotated

import typer

from ecotone.cards import Card, discover, evidence
from ecotone.contracts import BadInput

from ._app import app, say

_MARK = {True: "yes", False: "-", "holds": "holds", "fails": "FAILS", "none": "-", "missing": "-"}


@app.command()
def methods(json: Annotated[bool, typer.Option("--json", help="As JSON")] = False) -> int:
    """List every method with its paper, row, room, tier and evidence.

    A claim is stale where code that it rests on has changed since it was run: on that date, over so many seeds, with
    the code of that digest. docs/claims.md says how it is narrower than the paper's headline, and where a verdict
    carries little weight.
    """
    cards, proofs = discover(), evidence()
    if json:
        listed = [{**card.to_dict(), "evidence": proofs.get(name, {})} for name, card in cards.items()]
        say(json_module.dumps(listed, indent=1, ensure_ascii=False))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("method", "room", "row", "tier", "contract", "oracle", "claim", "run", "seeds", "digest", "paper"):
        table.add_column(title, no_wrap=title != "paper", overflow="ellipsis")
    for card in sorted(cards.values(), key=lambda c: (c.room, c.name.lower())):
        proof = proofs.get(card.name, {})
        marks = [_MARK[proof.get(key, False)] for key in ("contract", "oracle", "claim")]
        marks[-1] += ", little weight" if proof.get("little_weight") else ""
        marks[-1] += ", stale" if proof.get("stale") else ""
        marks += [str(proof.get(key) or "-") for key in ("date", "seeds", "digest")]
        row = "" if card.row is None else str(card.row)
        table.add_row(card.name, card.room, row, card.tier, *marks, f"{_first(card)} {card.year}")
    console = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)
    with console.capture() as shown:
        console.print(table)
    say(shown.get().rstrip("\n"))
    return 0


def _first(card: Card) -> str:
    family = card.authors[0].split(",")[0]
    return f"{family} et al." if len(card.authors) > 2 else " and ".join(a.split(",")[0] for a in card.authors)


@app.command()
def cite(
    names: Annotated[list[str], typer.Argument(metavar="METHOD...", help="Names as `ecotone methods` prints them")],
) -> int:
    """Print the BibTeX entries of methods."""
    cards = {name.lower(): card for name, card in discover().items()}
    entries = []
    for name in names:
        card = cards.get(name.lower())
        if card is None:
            near = difflib.get_close_matches(name.lower(), cards, n=3)
            hint = f"did you mean {', '.join(cards[n].name for n in near)}?" if near else "`ecotone methods` lists them"
            raise BadInput(f"there is no method named {name!r}; {hint}")
        entries.append(card.bibtex())
    say("\n\n".join(entries))
    return 0
