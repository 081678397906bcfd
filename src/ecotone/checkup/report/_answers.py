"""The parts of the headline, each with an answer in a word or two."""

from __future__ import annotations

from typing import NamedTuple

from ecotone.checkup.document import CheckContent
from ecotone.checkup.performance import Performance

UNKNOWN, TAKES_LABELS = "unknown", "takes labels"  # an answer, and what stands in the place of its p-value


class Answer(NamedTuple):
    """What is asked, whether its alarm is raised, the answer, and the p-value with its log10."""

    what: str
    alarm: bool
    word: str
    pvalue: tuple[float | None, float | None]


def answers(content: CheckContent) -> list[Answer]:
    """Of the verdict, of the model if there is one, and of the rows."""
    verdict, alarms = content.verdict, content.headline.alarms
    found = [
        Answer("material", "material" in alarms, _shown("material" in alarms), (verdict.material_pvalue, None)),
        Answer("changed", "changed" in alarms, _shown("changed" in alarms), (verdict.pvalue, verdict.log10_pvalue)),
    ]
    if content.performance is not None:
        found.append(_of_the_model(content.performance, alarm="performance" in alarms))
    raised, named = "outliers" in alarms, len(content.rows.places)
    word = "not tested" if content.rows.reason else "not shown"
    if raised:
        word = f"{named:,} named" if named else "yes, none named"
    return [*found, Answer("rows outside", raised, word, (content.rows.global_pvalue, None))]


def _shown(alarm: bool) -> str:
    return "yes" if alarm else "not shown"


def _of_the_model(model: Performance, *, alarm: bool) -> Answer:
    unseen = model.unknown and model.actual is None
    word = "worse" if alarm else UNKNOWN if unseen else "no drop shown"
    if model.undefined:
        word = "undefined"
    # Without an answer a p-value of 1 would read as "no drop".
    return Answer("performance", alarm, word, (None if word == UNKNOWN else model.pvalue, None))


def sizes(content: CheckContent) -> str:
    """How many rows were compared."""
    data = content.data
    return f"{data.reference.rows_kept:,} reference rows, {data.current.rows_kept:,} current rows"
