"""The report's section on how certain it is: each test's part of alpha, and the dependence between rows."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ecotone.checkup.document import CheckContent, DependenceTest, TimeLength, Verdict

from ._markup import p
from ._templates import leading_capital, render
from ._verdict_words import detectable

_DEPENDENCE = 40
_AMONG = {"serial": "order of rows", "among": "order of units"}


@dataclass(frozen=True)
class _Test:
    name: str
    alpha: float
    rows: str
    pvalue: str | Markup
    said: str


@dataclass(frozen=True)
class _Dependence:
    """One test of dependence: ``among`` says between which rows, and is None for rows with an equal value."""

    among: str | None
    table: str
    column: str | None
    value: float | None
    pvalue: float | None
    detected: bool


def certainty(content: CheckContent) -> Markup:
    """The budget of errors and what it bought."""
    verdict, dependence = content.verdict, content.data.dependence
    return render(
        "check/certainty.html", alpha=content.headline.alpha, fdr=content.rows.fdr,
        note=content.columns_note, tests=[*_families(verdict), *_others(content)],
        effects=[leading_capital(words) for words in detectable(verdict)], declared=list(dependence.declared),
        reason=verdict.reason, dependence=[_dependence(entry) for entry in dependence.found[:_DEPENDENCE]],
    )  # fmt: skip


def _families(verdict: Verdict) -> list[_Test]:
    out = []
    for family in verdict.families:
        level, called = family.share * verdict.alpha, f"verdict: {family.name}"
        if family.reason is None:
            said = "passes" if family.pvalue is not None and family.pvalue <= level else "–"
            value = p(family.pvalue, family.log10_pvalue, "")
            out.append(_Test(called, level, f"{family.rows:,}", value, said))
        else:
            out.append(_Test(called, level, "–", "not run", family.reason))
    return out


def _others(content: CheckContent) -> list[_Test]:
    model = content.performance
    values = {"rows": content.rows.global_pvalue, "performance": None if model is None else model.pvalue}
    out = []
    for part in content.budget.parts:
        if part.name in values:
            value = values[part.name]
            said = "not asked" if value is None else "passes" if value <= part.alpha else "–"
            out.append(_Test(part.name, part.alpha, "–", p(value, word=""), said))
    return out


def _dependence(entry: DependenceTest) -> _Dependence:
    among = _AMONG.get(entry.what)
    if isinstance(entry, TimeLength):
        return _Dependence(among, "–", entry.column, entry.value, None, entry.detected)
    return _Dependence(among, entry.table, entry.column, entry.value, entry.pvalue, entry.detected)
