"""A check in a notebook cell."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.checkup.document import CheckContent, leading
from ecotone.checkup.words import plain

from ._answers import answers, sizes
from ._column_words import effect, said_of
from ._fact_words import break_lines, contract_lines, schema_lines
from ._templates import render

_SHOWN = 8
_FACTS = 4


@dataclass(frozen=True)
class _Moved:
    name: str
    material: bool
    role: str
    how: str
    effect: str


def html_summary(content: CheckContent) -> str:
    """A notebook cell: the headline, the answers, and the columns that moved, in the notebook's own colours."""
    named, pairs = leading(content.columns), content.verdict.pairs
    moved = [
        _Moved(
            column.name, column.marginal.material, column.role,
            plain(said_of(column, pairs), 160).replace("->", "→"), " ".join(effect(column.marginal)),
        )
        for column in named[:_SHOWN]
    ]  # fmt: skip
    broken = contract_lines(content.contract) if content.contract else []
    facts = [("Columns", schema_lines(content.schema)), ("Contract", broken),
             ("What broke", break_lines(content.quality))]  # fmt: skip
    return str(
        render(
            "check/notebook.html", head=content.headline, answers=answers(content), facts=facts, most_facts=_FACTS,
            moved=moved, rest=[column.name for column in named[_SHOWN:]], sizes=sizes(content),
            todo=[plain(item.action) for item in content.advice[:4]],
        )
    )  # fmt: skip
