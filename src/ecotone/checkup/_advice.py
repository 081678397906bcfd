"""What to do: findings turned into needs, needs into methods by what their cards say they are a remedy for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ecotone.cards import Card, discover

_TIERS = {"stable": 0, "method": 1, "experimental": 2}
_MOST_ROWS = 200  # listed to be deferred
_LEAST_EFFECTIVE = 0.1  # share of the reference below which weights leave too little to fit on
_LEAST_SHARE = 0.02  # that a class's share must have moved, at least
_LEAST_LIFT = 0.005  # of accuracy, for a deferral to be worth its rows


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
        Larger is told first. 10: nothing else can be believed before; 3 and up: the metric's loss, by the share that
        comes back; 2: keeps the model from rows that it cannot judge; 1: knowledge only.
    more : dict
        JSON-ready numbers; lists of rows under ``index``.
    action : str
        Where no card is the remedy.
    """

    kind: str
    why: str
    expected: str
    weight: float
    more: dict[str, Any] = field(default_factory=dict)
    action: str = ""


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
    if quality["unknown"]:
        yield _labels(quality, f"The metric cannot be told without labels: {quality['unknown']}.", 2.5)
    if quality["attribution"]:
        yield from _attributed(content, quality)
    elif content["verdict"]["changed"] and not quality["unknown"]:
        yield from _unlabelled(content, quality)
    if quality["raised"]:
        yield from _unsure(content, quality)
    yield from _calibration(quality)
    yield from _class_shares(content, quality)


def _dependence(content: dict[str, Any]) -> Iterator[Need]:
    """No method can find out what the rows are, so that no card is the remedy: the action is the user's."""
    verdict = content["verdict"]
    if verdict["guarantee"] == "withdrawn" and not content["data"]["dependence"]["declared"]:
        yield Need(
            "dependence",
            f"{str(verdict['reason'])[:1].upper()}{str(verdict['reason'])[1:]}.",
            "Brings the guarantee back: every p-value, interval and list then allows for it.",
            10.0,
            action="Declare what ties rows together, with --entity or --time",
        )


def _outside(content: dict[str, Any]) -> Iterator[Need]:
    rows = content["rows"]
    if rows["raised"] and rows["index"]:
        total = content["data"]["current"]["rows_kept"]
        named = len(rows["index"])
        yield Need(
            "outside",
            f"{named:,} of {total:,} rows lie outside the reference.",
            f"Keeps {named / total:.1%} of the rows from a model that never saw their like; "
            f"at most {rows['fdr']:.0%} of them are expected to be typical after all.",
            2.0 if named / total <= 0.5 else 0.5,
            {"rows": named, "share": named / total, "fdr": rows["fdr"], "index": rows["index"][:_MOST_ROWS]},
        )


def _drop(quality: dict[str, Any]) -> float:
    """How much worse the metric has become: positive is worse, in the metric's own unit."""
    now = quality["actual"]["value"] if quality["actual"] else quality["estimate"]
    sign = 1.0 if quality["greater_is_better"] else -1.0
    return float(sign * (quality["reference"]["value"] - now))


def _part(amount: float, quality: dict[str, Any]) -> float:
    """Share of the loss, at most all of it."""
    drop = _drop(quality)
    return min(1.0, max(0.0, amount / drop)) if drop > 0 else 0.0


def _labels(quality: dict[str, Any], why: str, weight: float) -> Need:
    """Rows to label; where the list is shorter than the plan, the list's own half-width is told."""
    plan = quality["details"].get("label_rows") or quality["labels"]
    return Need(
        "unknown",
        why,
        f"{plan['rows']:,} labels give the {plan['of']} to ±{plan['half_width']:.2g} at {plan['level']:.0%}.",
        weight,
        dict(plan),
    )


def _attributed(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    """With labels: each part of a drop has a remedy of its own."""
    if not quality["raised"]:
        return
    lost = _lost_by_kind(quality, 1.0 if quality["greater_is_better"] else -1.0)
    if lost["covariate"] > 0.1 * _drop(quality):
        why = f"{lost['covariate']:.3g} of the loss in {quality['metric']} is there because the inputs moved."
        yield _reweight(content, quality, why, lost["covariate"])
    if lost["concept"] > 0.1 * _drop(quality):
        why = (
            f"{lost['concept']:.3g} of the loss in {quality['metric']} is there because the answer to the same "
            "inputs changed."
        )
        yield from _retrain(quality, why, lost["concept"])


def _lost_by_kind(quality: dict[str, Any], sign: float) -> dict[str, float]:
    parts = quality["attribution"]["parts"]
    concept = sum(-sign * value for name, value in parts.items() if "y|x" in name)
    return {"concept": concept, "covariate": sum(-sign * value for value in parts.values()) - concept}


def _reweight(content: dict[str, Any], quality: dict[str, Any], why: str, most: float) -> Need:
    """What weights can win back is only bounded from above, so it counts half."""
    share = quality["details"].get("effective")
    expected = f"Can win back at most {most:.3g} of {quality['metric']}, as far as the model was too simple"
    numbers: dict[str, Any] = {"at_most": most}
    weight = 3.0 + 0.5 * _part(most, quality)
    if share is not None:
        rows = round(share * content["data"]["reference"]["rows_kept"])
        numbers |= {"effective_share": share, "effective_rows": rows}
        expected += f"; the weighted reference rows are worth {rows:,} ({share:.0%} of them)"
        if share < _LEAST_EFFECTIVE:
            weight = 1.5
            expected += ", few to fit on"
    return Need("covariate", why, expected + ".", weight, numbers)


def _retrain(quality: dict[str, Any], why: str, lost: float) -> Iterator[Need]:
    found = quality["details"].get("retrain")
    if found is None:
        yield Need("concept", why, f"Can win back up to {lost:.3g} of {quality['metric']}.", 3.0, {"lost": lost})
        return
    low, high = found["interval"]
    trained = found["curve"][-1]["labels"]
    told = f"{found['gain']:+.3g} [{low:+.3g}, {high:+.3g}] by cross-validation on {found['labels']:,} labelled rows"
    numbers = {"lost": lost, **{k: found[k] for k in ("gain", "interval", "present", "retrained", "labels", "curve")}}
    if low > 0:
        expected = f"Improves {quality['metric']} by {told}; with {trained:,} labels: at least {low:.3g}."
        if found["unknown"]:
            expected += f" Not sure: {found['unknown']}."
        yield Need("concept", why, expected, 3.0 + _part(found["gain"], quality), numbers)
        return
    yield Need("concept", why, f"No gain is shown yet: {told}; more labels may show one.", 1.2, numbers)
    if "label_rows" in quality["details"]:
        yield _labels(quality, f"{found['labels']:,} labels do not show that retraining helps.", 1.4)


def _unlabelled(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    drop = _drop(quality)
    moved = sum(1 for c in content["columns"] if c["marginal"] and c["marginal"]["changed"])
    if quality["raised"]:
        why = f"The inputs moved ({moved} columns) to where the model is worse: {quality['metric']} by {drop:.3g}."
        yield _reweight(content, quality, why, drop)
    if content["verdict"]["material"] and not quality["actual"]:
        why = "The tables differ, and no label says whether the answer to the same inputs changed as well."
        yield _labels(quality, why, 1.0)


def _unsure(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    """Rows of low confidence; those that lie outside the reference go first, for their confidence means nothing."""
    found = quality["details"].get("defer")
    if found is None or (quality["unknown"] and found["from"] != "labels"):
        return
    lift = found["accuracy_of_the_rest"] - found["accuracy"]
    if lift < _LEAST_LIFT or not found["rows"]:
        return
    first = content["rows"]["index"]
    known = {(place["file"], place["row"]) for place in first}
    rows = [*first, *(place for place in found["index"] if (place["file"], place["row"]) not in known)]
    yield Need(
        "unsure",
        f"The model is right on {found['accuracy']:.1%} of the current rows, and on fewer of those where it is unsure.",
        f"Deferring the least sure {found['share']:.0%} ({found['rows']:,} rows) raises the accuracy of the rest from "
        f"{found['accuracy']:.1%} to {found['accuracy_of_the_rest']:.1%}, by {found['from']}.",
        1.8 + 0.1 * _part(lift, quality),
        {**{k: v for k, v in found.items() if k != "index"}, "index": rows[:_MOST_ROWS]},
    )


def _calibration(quality: dict[str, Any]) -> Iterator[Need]:
    found = quality["details"].get("calibration")
    if found and found["pvalue"] <= 0.005 and found["error"] >= 0.02:
        expected = "Too few rows of a class to tell what it brings."
        if found["after"] is not None:
            gaps = f"from {found['error']:.3g} to about {found['after']:.3g}"
            expected = f"Brings the mean gap between probability and frequency {gaps}."
        yield Need(
            "miscalibration",
            f"The model's probabilities are off by {found['error']:.3g} on {found['rows']:,} reference rows.",
            expected,
            1.5,
            dict(found),
        )


def _class_shares(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    """Shares of the classes that moved, if p(x|y) held. No class is named: a label is a value of a row."""
    found = quality["details"].get("label_shift")
    if not found or not content["verdict"]["changed"]:
        return
    sure = [max(low, -high) for low, high in found["interval"]]  # how far from no change, at least
    most = max(range(len(sure)), key=sure.__getitem__)
    if sure[most] <= _LEAST_SHARE:
        return
    before, now = found["reference"][most], found["current"][most]
    low, high = found["interval"][most]
    expected, weight = "What correcting the probabilities brings could not be estimated.", 1.1
    if found["correction"]:
        (loss, loss_then), (right, right_then) = found["correction"]["log_loss"], found["correction"]["accuracy"]
        if loss_then >= loss:
            return
        expected = (
            f"If p(x|y) held, corrected probabilities bring the log loss from {loss:.3g} to {loss_then:.3g} and the "
            f"accuracy from {right:.1%} to {right_then:.1%}, on reference rows weighted to the new shares."
        )
        weight = 1.3
    yield Need(
        "label",
        f"If only the shares of the classes moved and p(x|y) held, one of them went from {before:.1%} to {now:.1%} "
        f"(change {low:+.3f} to {high:+.3f} at {found['level']:.0%}, all classes jointly).",
        expected,
        weight,
        {name: value for name, value in found.items() if name != "classes"},
    )
