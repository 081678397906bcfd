"""The headline: which alarms are raised, and the sentence that leads everything."""

from __future__ import annotations

from collections.abc import Sequence

from ecotone.checkup.document import Alarm, Answer, ComparedColumn, Findings, Headline, convincing, leading, material
from ecotone.compare.two_sample import Dependence

from ._blindness import blindness
from ._settings import Settings

_NAMED = 3


def headline(found: Findings, settings: Settings, ties: Dependence) -> Headline:
    """The headline of what was found, under what is known of the rows' dependence."""
    alarms, blind = alarms_of(found), blindness(found, ties)
    seen = bool({"material", "changed"} & set(alarms))
    answer: Answer = "changed" if seen else "cannot tell" if blind else "no change found"
    parts = [_of_tables(found, alarms, settings, blind), *_of_columns(found), *_of_the_rest(found, alarms, blind)]
    return Headline(alarms, answer, " ".join(parts), settings.alpha, ties.guarantee, ties.reason)


def alarms_of(found: Findings) -> tuple[Alarm, ...]:
    """The alarms that are raised, in the order in which they lead."""
    raised: dict[Alarm, bool] = {
        "material": found.verdict.material,
        "performance": found.performance is not None and found.performance.raised,
        "changed": found.verdict.changed,
        "outliers": found.rows.raised,
    }
    return tuple(name for name, up in raised.items() if up)


def _of_tables(found: Findings, alarms: Sequence[Alarm], settings: Settings, blind: str) -> str:
    if "material" in alarms:
        pair = convincing(found.verdict)
        also = f" (most clearly the relation of {' and '.join(pair.columns)})" if pair else ""
        named = _some(material(found.columns))
        what = f": {named}" if named else f" jointly; no single column does by itself{also}"
        return f"The tables differ by more than the minimum effect{what}."
    if "changed" in alarms:
        named = _some([c for c in leading(found.columns) if c.role != "relation"])
        return (
            f"The tables differ{f' ({named})' if named else ''}, but no difference is shown to exceed the minimum "
            "effect."
        )
    if blind:
        return f"Cannot tell whether the tables differ: {blind}."
    return f"No change found at alpha = {settings.alpha:g}."


def _of_columns(found: Findings) -> list[str]:
    """How many columns the answer rests on, where that is not what a reader would take for granted."""
    compared, of = found.schema.compared, found.schema.columns
    if not found.data.types or not (found.schema.changed or 2 * compared < of):
        return []
    return [f"Only {compared:,} of {of:,} columns could be compared."] if compared < of else []


def _some(columns: Sequence[ComparedColumn]) -> str:
    """A few names, and how many more."""
    rest = len(columns) - _NAMED
    return ", ".join(c.name for c in columns[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _of_the_rest(found: Findings, alarms: Sequence[Alarm], blind: str) -> list[str]:
    parts = []
    if found.contract is not None and found.contract.violated:
        broken = len({violation.column for violation in found.contract.violations})
        parts.append(f"The contract is violated in {broken:,} column{'s' if broken > 1 else ''}.")
    if "performance" in alarms:
        parts.append("The model's performance has dropped.")
    if "outliers" in alarms:
        named = len(found.rows.places)
        parts.append(f"{named:,} rows lie outside the reference." if named else "Some rows lie outside the reference.")
    if found.rows.reason:
        parts.append("Counts alone were compared: what takes rows was not tested.")
    if found.verdict.guarantee == "withdrawn" and not blind:
        parts.append("The guarantee is withdrawn.")
    return parts
