"""The headline: which alarms are raised, and the sentence that leads everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ecotone.compare.two_sample import Dependence

from ._leading import convincing, leading, material
from ._settings import Settings

Answer = Literal["changed", "no change found", "cannot tell"]

#: Units (entities, blocks in time) of a table below which relabelling them can show nothing.
_FEWEST_UNITS = 20
#: The largest size that an effect of each kind can have.
_LARGEST = {"auc": 0.5, "spread": 0.5, "level": 1.0, "missing": 1.0}
_NAMED = 3


@dataclass(frozen=True)
class Headline:
    """What leads a check.

    Parameters
    ----------
    alarms : tuple of str
        Of ``material``, ``performance``, ``changed``, ``outliers``.
    answer : {"changed", "no change found", "cannot tell"}
        ``cannot tell`` where no test could have raised an alarm, whatever had changed.
    sentence : str
    alpha : float
        As asked for.
    guarantee, reason : str
    """

    alarms: tuple[str, ...]
    answer: Answer
    sentence: str
    alpha: float
    guarantee: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The ``headline`` section."""
        return {**asdict(self), "alarms": list(self.alarms)}


def headline(
    content: dict[str, Any], raised: Mapping[str, bool], settings: Settings, ties: Dependence, blind: str = ""
) -> Headline:
    """The headline of a document that has its other sections.

    Parameters
    ----------
    content : dict
    raised : mapping of str to bool
        By alarm.
    blind : str
        Why nothing can be told, as :func:`blindness` says; empty where something can.
    """
    alarms = tuple(name for name, up in raised.items() if up)
    seen = bool({"material", "changed"} & set(alarms))
    answer: Answer = "changed" if seen else "cannot tell" if blind else "no change found"
    parts = [_of_tables(content, alarms, settings, blind), *_of_columns(content), *_of_the_rest(content, alarms, blind)]
    return Headline(alarms, answer, " ".join(parts), settings.alpha, ties.guarantee, ties.reason)


def blindness(content: dict[str, Any], ties: Dependence) -> str:
    """Why no test of the tables could have raised an alarm; empty where one could."""
    if not content["data"]["types"]:
        return "no column could be tested (data.untested has the reasons)"
    if ties.drawn_by:
        return f"the guarantee is withdrawn: {ties.reason}"
    if ties.units is not None:
        fewest = min(len(np.unique(side)) for side in ties.units)
        if fewest < _FEWEST_UNITS:
            what = "entities" if "entity" in ties.declared else "stretches of rows"
            return (
                f"one table holds only {fewest} independent {what}, and {_FEWEST_UNITS} are needed in each to show "
                "a change"
            )
    given = content["data"].get("given")
    if given is not None and min(given["matched"].values()) < _FEWEST_UNITS:
        few = min(given["matched"].values())
        return f"only {few} rows of one table have a counterpart at equal {', '.join(given['columns'])}"
    if ties.declared and ties.guarantee == "withdrawn":
        return ties.reason
    found = content["verdict"]["smallest_detectable"]
    sizes = [(size, _LARGEST[kind]) for kind, size in found.items() if kind in _LARGEST and size is not None]
    if sizes and all(size >= most for size, most in sizes):
        n = min(content["data"][side]["rows_kept"] for side in ("reference", "current"))
        return f"with {n:,} rows in the smaller table no change of any size is sure to be found"
    return ""


def _of_tables(content: dict[str, Any], alarms: Sequence[str], settings: Settings, blind: str) -> str:
    columns, verdict = content["columns"], content["verdict"]
    if "material" in alarms:
        pair = convincing(verdict)
        also = f" (most clearly the relation of {' and '.join(pair['columns'])})" if pair else ""
        named = _some(material(columns))
        what = f": {named}" if named else f" jointly; no single column does by itself{also}"
        return f"The tables differ by more than the minimum effect{what}."
    if "changed" in alarms:
        named = _some([c for c in leading(columns) if c["role"] != "relation"])
        return (
            f"The tables differ{f' ({named})' if named else ''}, but no difference is shown to exceed the minimum "
            "effect."
        )
    if blind:
        return f"Cannot tell whether the tables differ: {blind}."
    return f"No change found at alpha = {settings.alpha:g}."


def _of_columns(content: dict[str, Any]) -> list[str]:
    """How many columns the answer rests on, where that is not what a reader would take for granted."""
    found = content["schema"]
    compared, of = found["compared"], found["columns"]
    if not content["data"]["types"] or not (found["changed"] or 2 * compared < of):
        return []
    return [f"Only {compared:,} of {of:,} columns could be compared."] if compared < of else []


def _some(columns: Sequence[dict[str, Any]]) -> str:
    """A few names, and how many more."""
    rest = len(columns) - _NAMED
    return ", ".join(c["name"] for c in columns[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _of_the_rest(content: dict[str, Any], alarms: Sequence[str], blind: str) -> list[str]:
    parts = []
    if content["contract"] is not None and content["contract"]["violated"]:
        broken = len({v["column"] for v in content["contract"]["violations"]})
        parts.append(f"The contract is violated in {broken:,} column{'s' if broken > 1 else ''}.")
    if "performance" in alarms:
        parts.append("The model's performance has dropped.")
    if "outliers" in alarms:
        named = len(content["rows"]["index"])
        parts.append(f"{named:,} rows lie outside the reference." if named else "Some rows lie outside the reference.")
    if content["rows"].get("reason"):
        parts.append("Counts alone were compared: what takes rows was not tested.")
    if content["verdict"]["guarantee"] == "withdrawn" and not blind:
        parts.append("The guarantee is withdrawn.")
    return parts
