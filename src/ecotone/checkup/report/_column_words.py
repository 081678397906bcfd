"""How a column moved, in words: what its effect is, and what is said of it where its name stands."""

from __future__ import annotations

from collections.abc import Sequence

from ecotone.checkup.document import ComparedColumn, Marginal, MovementFacts, PairOfColumns
from ecotone.checkup.words import between, ends, percent, plain, small
from ecotone.compare.explain._movement_levels import level_words
from ecotone.compare.explain._movement_words import change

_LITTLE = "changed, by too little to say how"
_DIRECTIONS = {
    "auc": ("higher values", "lower values"),
    "spread": ("more spread", "less spread"),
    "total variation": ("other shares of its values", "other shares of its values"),
    "missing": ("more often missing", "less often missing"),
}
_SLIGHT = 0.05  # effect below which a direction is called slight
_RELATED = 0.01  # p-value up to which a pair says with which column a relation changed
EFFECTS = {
    "auc": "position",
    "spread": "spread",
    "total variation": "levels",
    "missing": "missing rate",
    "classifier": "linear classifier",
}
_NOTHING = MovementFacts("")


def effect(marginal: Marginal) -> tuple[str, str]:
    """What a column's effect is called, and its value with the interval; both empty where there is none."""
    if marginal.effect is None:
        return "", ""
    found = between(marginal.interval, lambda end: small(end, plus=True))
    name = EFFECTS.get(marginal.effect_name, marginal.effect_name)
    return plain(name), f"{small(marginal.effect, plus=True)} {found}".rstrip()


def said_of(column: ComparedColumn, pairs: Sequence[PairOfColumns], *, redact: bool = False) -> str:
    """How a named column moved, or what of its relation to the others changed."""
    if column.role == "relation":
        return _relation(column.name, pairs)
    if column.kind == "embedding":
        return column.sentence
    facts = column.movement or _NOTHING
    told = _without_values(facts) if redact else column.sentence
    if told and not told.startswith("no movement beyond noise"):
        wide = _slight(column.marginal) if _middle_alone(column.marginal, facts) else _LITTLE
        return told if wide == _LITTLE else f"{told}; {wide}"
    return _slight(column.marginal) if redact else "; ".join([*_figures(facts), _slight(column.marginal)])


def _middle_alone(marginal: Marginal, facts: MovementFacts) -> bool:
    """Whether the spread moved, and the words say mean and median only, which need not have moved at all."""
    shape = (facts.factor, facts.spread, facts.beyond)
    told = any(fact is not None for fact in shape) or (facts.share is not None and facts.opposite is None)
    return marginal.effect_name == "spread" and not told


def _figures(facts: MovementFacts) -> list[str]:
    """Mean and median, or the levels that changed most: true of the tables, whether or not beyond noise."""
    found = []
    if facts.mean and facts.median:
        found.append(f"mean {change(*facts.mean)}, median {change(*facts.median)}")
    if facts.most:
        found.append("most " + ", ".join(level_words(facts.most)))
    return found


def _slight(marginal: Marginal) -> str:
    """A direction, where that is all that can be said."""
    found, name = ends(marginal.interval), marginal.effect_name
    if not found or marginal.effect is None or name not in _DIRECTIONS:
        return _LITTLE
    if name != "total variation" and found[0] <= 0 <= found[1]:
        return _LITTLE
    words = _DIRECTIONS[name][marginal.effect < 0]
    return f"slightly {words}" if abs(marginal.effect) < _SLIGHT else words


def _relation(name: str, pairs: Sequence[PairOfColumns]) -> str:
    related = [pair.columns for pair in pairs if pair.pvalue <= _RELATED and name in pair.columns]
    partners = list(dict.fromkeys(b if a == name else a for a, b in related))
    told = "by itself no change is shown, but its relation to the other columns changed"
    named = [partner for partner in partners if partner != name][:3]
    return told + (f", most with {', '.join(named)}" if named else "")


def _without_values(facts: MovementFacts) -> str:
    """Directions and shares only: no value of a row, no name of a level."""
    words = []
    if facts.missing:
        words.append(f"missing {percent(facts.missing[0])} → {percent(facts.missing[1])}")
    if facts.displacement and facts.share:
        up = "up" if facts.displacement > 0 else "down"
        words.append(f"{up} in {'all rows' if facts.share >= 1 else f'{percent(facts.share)} of the rows'}")
    if facts.opposite:
        words.append(f"the other way in {percent(facts.opposite[1])}")
    if facts.spread:
        words.append("more spread" if facts.spread > 1 else "less spread")
    for part in facts.beyond or ():
        words.append(f"{percent(part.share)} of the rows {part.side} anything seen before")
    if facts.levels:
        words.append(f"the shares of {len(facts.levels)} levels changed")
    return "; ".join(words)
