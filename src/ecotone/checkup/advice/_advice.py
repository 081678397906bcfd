"""What to do: findings turned into needs, needs into methods by what their cards say they are a remedy for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecotone.cards import Card, discover

from ._need import MOST_ROWS, Need
from ._needs_of_columns import leaks
from ._needs_of_performance import attributed, labels_wanted, measured_well, unlabelled
from ._needs_of_probabilities import class_shares, miscalibrated, unsure

_MOST_DEFERRED = 0.5  # share of the rows
_TIERS = {"stable": 0, "method": 1, "experimental": 2}


def advise(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The ``advice`` section: for each need the remedies that the cards name, the best proved first.

    Every item has ``for``, ``action``, ``method`` (None where the user alone can act), ``others``, ``why``,
    ``expected``, ``numbers``, and ``rows`` (file and row) where it is about some rows.
    """
    items = []
    for need in sorted(_needs(content), key=lambda n: -n.weight):
        remedies = [] if need.action else _remedies(need.kind)
        if not remedies and not need.action:
            continue
        items.append(
            {
                "for": need.kind,
                "action": need.action or remedies[0].advice.rstrip("."),
                "method": remedies[0].name if remedies else None,
                "others": [card.name for card in remedies[1:]],
                "why": need.why,
                "expected": need.expected,
                "numbers": {name: value for name, value in need.more.items() if name != "index"},
                "rows": need.more.get("index", []),
            }
        )
    return items


def _remedies(kind: str) -> list[Card]:
    cards = [card for card in discover().values() if kind in card.remedy_for and card.advice]
    return sorted(cards, key=lambda card: (card.remedy_for[0] != kind, _TIERS[card.tier], card.name))


def _needs(content: dict[str, Any]) -> Iterator[Need]:
    yield from _dependence(content)
    yield from _outside(content)
    quality = content["performance"]
    if quality is None:
        return
    yield from leaks(quality)
    if quality["unknown"] and quality["estimate"] is not None and not measured_well(quality):
        yield from labels_wanted(quality, f"The metric cannot be told without labels: {quality['unknown']}.", 2.5)
    if quality["attribution"]:
        yield from attributed(content, quality)
    elif content["verdict"]["changed"] and not quality["unknown"]:
        yield from unlabelled(content, quality)
    if quality["raised"]:
        yield from unsure(content, quality)
    yield from miscalibrated(quality)
    yield from class_shares(content, quality)


def _dependence(content: dict[str, Any]) -> Iterator[Need]:
    """No method can find out what the rows are, so that no card is the remedy: the action is the user's."""
    verdict, remedy = content["verdict"], content["data"]["dependence"]["remedy"]
    if verdict["guarantee"] == "withdrawn" and remedy:
        yield Need(
            "dependence",
            f"{str(verdict['reason'])[:1].upper()}{str(verdict['reason'])[1:]}.",
            "Brings the guarantee back: every p-value, interval and list then allows for what is declared.",
            10.0,
            action=remedy,
        )


def _outside(content: dict[str, Any]) -> Iterator[Need]:
    """Rows to defer; where they are most of the table, keeping them from the model keeps the table from it."""
    rows = content["rows"]
    if not (rows["raised"] and rows["index"]):
        return
    total = content["data"]["current"]["rows_read"]
    named = len(rows["index"])
    why = f"{named:,} of {total:,} rows lie outside the reference."
    more = {"rows": named, "share": named / total, "fdr": rows["fdr"]}
    if named > _MOST_DEFERRED * total:
        yield Need(
            "outliers",
            why,
            "Setting them aside would leave little to predict.",
            2.0,
            more,
            action="Treat the table as a new population: label rows of it, and measure or fit a model on them",
        )
        return
    yield Need(
        "outliers",
        why,
        f"Keeps {named / total:.1%} of the rows from a model that never saw their like; "
        f"at most {rows['fdr']:.0%} of them are expected to be typical after all.",
        2.0,
        {**more, "index": rows["index"][:MOST_ROWS]},
    )
