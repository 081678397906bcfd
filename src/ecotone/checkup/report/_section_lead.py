"""The head of the report: the headline, an answer a tile, and what stands behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from ecotone.checkup.document import CheckContent, TableRead, leading
from ecotone.checkup.words import plain

from ._answers import TAKES_LABELS, UNKNOWN, answers, sizes
from ._fact_words import given_words
from ._markup import isolated
from ._templates import leading_capital, render
from ._verdict_words import detectable

_QUESTIONS = {
    "material": "Material: above the minimum effect?",
    "changed": "Changed: is there any difference?",
    "performance": "Performance: worse than on the reference?",
    "rows outside": "Rows outside: unlike any reference row?",
}


@dataclass(frozen=True)
class _Tile:
    question: str
    answer: str
    alarm: bool
    pvalue: tuple[float | None, float | None]
    level: float | None
    instead: str = ""  # what stands in the place of a p-value


def pairing(content: CheckContent) -> str:
    """Which file is compared with which."""

    def side(which: str, table: TableRead) -> str:
        sources = [re.split(r"[\\/]", source.name)[-1] or which for source in table.sources]
        return (sources[0] if sources else which) + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")

    return f"{side('current', content.data.current)} against {side('reference', content.data.reference)}"


def lead(content: CheckContent, *, redact: bool) -> Markup:
    """The headline, its tiles, and what rows were matched on."""
    head, verdict = content.headline, content.verdict
    levels = {
        "material": verdict.alpha, "changed": verdict.alpha, "rows outside": content.rows.alpha,
        "performance": content.budget.part("performance"),
    }  # fmt: skip
    tiles = [
        _Tile(_QUESTIONS[what], word, alarm, p, levels[what], TAKES_LABELS if word == UNKNOWN else "")
        for what, alarm, word, p in answers(content)
    ]
    headline = isolated(plain(head.sentence, 400), (c.name for c in leading(content.columns)[:3]))
    return render(
        "check/lead.html", head=head, headline=headline, tiles=tiles, pairing=pairing(content), sizes=sizes(content),
        min_effect=verdict.min_effect, given=given_words(content.data, redact=redact),
    )  # fmt: skip


def quiet(content: CheckContent) -> Markup:
    """What a clean result rules out."""
    found = [leading_capital(words) for words in detectable(content.verdict)]
    if content.headline.alarms or not found:
        return Markup()
    return render("check/quiet.html", found=found)
