"""The report's section on how certain it is: each test's part of alpha, and the dependence between rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ._format import detectable
from ._markup import p
from ._templates import leading_capital, render

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


def certainty(content: dict[str, Any]) -> Markup:
    """The budget of errors and what it bought."""
    verdict, dependence = content["verdict"], content["data"]["dependence"]
    return render(
        "check/certainty.html", alpha=content["headline"]["alpha"], fdr=content["rows"]["fdr"],
        note=content["columns_note"], tests=[*_families(verdict), *_others(content)],
        effects=[leading_capital(words) for words in detectable(verdict)], declared=list(dependence["declared"]),
        reason=verdict["reason"], dependence=[_dependence(entry) for entry in dependence["found"][:_DEPENDENCE]],
    )  # fmt: skip


def _families(verdict: dict[str, Any]) -> list[_Test]:
    out = []
    for family in verdict["families"]:
        level, called = family["share"] * verdict["alpha"], f"verdict: {family['name']}"
        if family["reason"] is None:
            said = "passes" if family["pvalue"] <= level else "–"
            value = p(family["pvalue"], family["log10_pvalue"], "")
            out.append(_Test(called, level, f"{family['rows']:,}", value, said))
        else:
            out.append(_Test(called, level, "–", "not run", family["reason"]))
    return out


def _others(content: dict[str, Any]) -> list[_Test]:
    values = {"rows": content["rows"]["global_pvalue"], "performance": (content["performance"] or {}).get("pvalue")}
    out = []
    for part in content["budget"]["parts"]:
        if part["name"] in values:
            value = values[part["name"]]
            said = "not asked" if value is None else "passes" if value <= part["alpha"] else "–"
            out.append(_Test(part["name"], part["alpha"], "–", p(value, word=""), said))
    return out


def _dependence(entry: dict[str, Any]) -> _Dependence:
    return _Dependence(
        _AMONG.get(entry["what"]), entry.get("table", "–"), entry.get("column"), entry.get("value"),
        entry.get("pvalue"), bool(entry.get("detected")),
    )  # fmt: skip
