"""What to do: findings turned into needs, needs into methods by what their cards say they are a remedy for."""

from __future__ import annotations

from collections.abc import Iterator

from ecotone.cards import Card, discover
from ecotone.checkup.document import AdviceItem, Findings
from ecotone.contracts import Expectation, RowsOutside

from ._need import MOST_ROWS, Need
from ._needs_of_columns import leaks
from ._needs_of_performance import attributed, labels_wanted, measured_well, unlabelled
from ._needs_of_probabilities import class_shares, miscalibrated, unsure

_MOST_DEFERRED = 0.5  # share of the rows
_TIERS = {"stable": 0, "method": 1, "experimental": 2}


def advise(found: Findings) -> tuple[AdviceItem, ...]:
    """For each need the remedies that the cards name, the best proved first."""
    weighed = [made for need in _needs(found) if (made := _weighed(need)) is not None]
    return tuple(item for _, item in sorted(weighed, key=lambda pair: -pair[0]))


def _weighed(need: Need) -> tuple[float, AdviceItem] | None:
    """A need's item and its weight; None where no card is a remedy for it."""
    if need.case is None:
        item = AdviceItem(need.kind, need.action, None, (), need.why, need.expected, need.numbers, need.rows)
        return need.weight, item
    remedies = _remedies(need.kind)
    found = next(((card, hook) for card in remedies if (hook := card.hook(f"expected_for_{need.kind}"))), None)
    if found is None:
        return None
    card, hook = found
    brings: Expectation = hook(need.case)
    return need.weight if brings.weight is None else brings.weight, AdviceItem(
        need=need.kind,
        action=card.advice.rstrip("."),
        method=card.name,
        others=tuple(other.name for other in remedies if other is not card),
        why=need.why,
        expected=brings.words,
        numbers={**brings.numbers, **need.numbers},
        rows=need.rows,
    )


def _remedies(kind: str) -> list[Card]:
    cards = [card for card in discover().values() if kind in card.remedy_for and card.advice]
    return sorted(cards, key=lambda card: (card.remedy_for[0] != kind, _TIERS[card.tier], card.name))


def _needs(found: Findings) -> Iterator[Need]:
    yield from _dependence(found)
    yield from _outside(found)
    model = found.performance
    if model is None:
        return
    yield from leaks(model)
    if model.unknown and model.estimate is not None and not measured_well(model):
        yield from labels_wanted(model, f"The metric cannot be told without labels: {model.unknown}.", 2.5)
    if model.attribution is not None:
        yield from attributed(found, model, model.attribution)
    elif found.verdict.changed and not model.unknown:
        yield from unlabelled(found, model)
    if model.raised:
        yield from unsure(found, model)
    yield from miscalibrated(model)
    if found.verdict.changed:
        yield from class_shares(model)


def _dependence(found: Findings) -> Iterator[Need]:
    """No method can find out what the rows are, so that no card is the remedy: the action is the user's."""
    reason, remedy = found.verdict.reason, found.data.dependence.remedy
    if found.verdict.guarantee == "withdrawn" and remedy:
        yield Need(
            "dependence",
            f"{reason[:1].upper()}{reason[1:]}.",
            10.0,
            action=remedy,
            expected="Brings the guarantee back: every p-value, interval and list then allows for what is declared.",
        )


def _outside(found: Findings) -> Iterator[Need]:
    """Rows to defer; where they are most of the table, keeping them from the model keeps the table from it."""
    places, fdr = found.rows.places, found.rows.fdr
    if not (found.rows.raised and places):
        return
    total = found.data.current.rows_read
    named = len(places)
    why = f"{named:,} of {total:,} rows lie outside the reference."
    numbers = {"rows": named, "share": named / total, "fdr": fdr}
    if named > _MOST_DEFERRED * total:
        yield Need(
            "outliers",
            why,
            2.0,
            numbers=numbers,
            action="Treat the table as a new population: label rows of it, and measure or fit a model on them",
            expected="Setting them aside would leave little to predict.",
        )
        return
    yield Need("outliers", why, 2.0, RowsOutside(named, total, fdr), numbers, places[:MOST_ROWS])
