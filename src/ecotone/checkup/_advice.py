"""What to do: findings turned into needs, needs into methods by what their cards say they are a remedy for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ecotone.cards import Card, discover

_TIERS = {"stable": 0, "method": 1, "experimental": 2}


@dataclass(frozen=True)
class Need:
    """Something that a remedy is wanted for.

    Parameters
    ----------
    kind : str
        As in a card's ``remedy_for``.
    why : str
        The finding.
    expected : str
        What acting on it is expected to bring.
    weight : float
        Larger is told first.
    more : dict
        JSON-ready extras: rows, weights, sizes.
    """

    kind: str
    why: str
    expected: str
    weight: float
    more: dict[str, Any] = field(default_factory=dict)


def advise(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The ``advice`` section: for each need the remedies that the cards name, the best proved first."""
    items = []
    for need in sorted(_needs(content), key=lambda n: -n.weight):
        remedies = _remedies(need.kind)
        if remedies:
            items.append(
                {
                    "for": need.kind,
                    "action": remedies[0].advice.rstrip("."),
                    "method": remedies[0].name,
                    "others": [card.name for card in remedies[1:]],
                    "why": need.why,
                    "expected": need.expected,
                    **need.more,
                }
            )
    return items


def _remedies(kind: str) -> list[Card]:
    cards = [card for card in discover().values() if kind in card.remedy_for and card.advice]
    return sorted(cards, key=lambda card: (card.remedy_for[0] != kind, _TIERS[card.tier], card.name))


def _needs(content: dict[str, Any]) -> Iterator[Need]:
    yield from _outside(content)
    quality = content["performance"]
    if quality is None:
        return
    if quality["unknown"]:
        yield _labels(quality, "unknown", f"The metric cannot be told without labels: {quality['unknown']}.", 2.5)
    if quality["attribution"]:
        yield from _attributed(content, quality)
    elif content["verdict"]["changed"] and not quality["unknown"]:
        yield from _unlabelled(content, quality)
    yield from _calibration(quality)


def _outside(content: dict[str, Any]) -> Iterator[Need]:
    rows = content["rows"]
    if rows["raised"] and rows["index"]:
        total = content["data"]["current"]["rows_kept"]
        named = len(rows["index"])
        yield Need(
            "outside",
            f"{named:,} of {total:,} rows lie outside the reference.",
            f"Keeps {named / total:.1%} of the rows from a model that never saw their like; "
            f"at most {content['rows']['fdr']:.0%} of them are expected to be typical after all.",
            2.0 if named / total <= 0.5 else 0.5,
            {"rows": named},
        )


def _drop(quality: dict[str, Any]) -> float:
    """How much worse the metric has become: positive is worse, in the metric's own unit."""
    now = quality["actual"]["value"] if quality["actual"] else quality["estimate"]
    sign = 1.0 if quality["greater_is_better"] else -1.0
    return float(sign * (quality["reference"]["value"] - now))


def _labels(quality: dict[str, Any], kind: str, why: str, weight: float) -> Need:
    plan = quality["labels"]
    return Need(
        kind,
        why,
        f"{plan['rows']:,} labels give the {plan['of']} to ±{plan['half_width']:.2g} at {plan['level']:.0%}.",
        weight,
        {"labels": plan},
    )


def _attributed(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    """With labels: each part of a drop has a remedy of its own."""
    if not quality["raised"]:
        return
    sign = 1.0 if quality["greater_is_better"] else -1.0
    for kind, lost in _lost_by_kind(quality, sign).items():
        if lost > 0.1 * abs(_drop(quality)):
            what = {"covariate": "the inputs moved", "concept": "the answer to the same inputs changed"}[kind]
            yield Need(
                kind,
                f"{lost:.3g} of the loss in {quality['metric']} is there because {what}.",
                f"Can win back up to {lost:.3g} of {quality['metric']}.",
                3.0 + lost,
                {"share": lost},
            )


def _lost_by_kind(quality: dict[str, Any], sign: float) -> dict[str, float]:
    parts = quality["attribution"]["parts"]
    concept = sum(-sign * value for name, value in parts.items() if "y|x" in name)
    return {"concept": concept, "covariate": sum(-sign * value for value in parts.values()) - concept}


def _unlabelled(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    drop = _drop(quality)
    moved = sum(1 for c in content["columns"] if c["marginal"] and c["marginal"]["changed"])
    if quality["raised"]:
        yield Need(
            "covariate",
            f"The inputs moved ({moved} columns) to where the model is worse: {quality['metric']} by {drop:.3g}.",
            f"Can win back at most {drop:.3g} of {quality['metric']}, as far as the model was too simple.",
            3.0,
        )
    if content["verdict"]["material"]:
        why = "The tables differ, and no label says whether the answer to the same inputs changed as well."
        yield _labels(quality, "concept", why, 1.0)


def _calibration(quality: dict[str, Any]) -> Iterator[Need]:
    found = quality["details"].get("calibration")
    if found and found["pvalue"] <= 0.005 and found["error"] >= 0.02:
        yield Need(
            "miscalibration",
            f"The model's probabilities are off by {found['error']:.3g} on the {found['rows']} rows.",
            f"Brings the mean gap between probability and frequency from {found['error']:.3g} to about "
            f"{found['after']:.3g}.",
            1.5,
        )
