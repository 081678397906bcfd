"""The report's sections on columns: a card for each that moved, a forest of effects, and every column in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ecotone.checkup._leading import leading

from ._column_plots import column_plot
from ._format import EFFECTS, between, effect, ends, percent, plain, said_of, small
from ._markup import isolated, name, p
from ._templates import leading_capital, render
from ._tracks import Row, tracks

_CARDS = 12
_FOREST = 30
_CALM = 10
_TABLE_ROWS = 400
_WITHHELD = {"constant": "one value in every row that has one", "mismatch": "another type in the two tables"}


@dataclass(frozen=True)
class _Card:
    """A column that moved: how, a plot, and the figures at its foot."""

    name: str
    kind: str
    role: str
    material: bool
    said: Markup
    plot: Markup
    near: list[str]
    foot: list[str | Markup]


@dataclass(frozen=True)
class _Forest:
    tracks: Markup
    rest: int


@dataclass(frozen=True)
class _Line:
    """A column in the table of all; without figures where it was not tested."""

    name: str
    kind: str
    role: str
    reason: str
    marginal: dict[str, Any] | None
    conditional: dict[str, Any]
    effect: list[str]
    missing: str
    psi: float | None


def columns(content: dict[str, Any], pictures: dict[str, Any], *, redact: bool) -> Markup:
    """A card for each column that moved, largest movement first, and a forest of effects."""
    named, forest = leading(content["columns"]), _forest(content)
    if not named and not forest:
        return Markup()
    drawn, pairs = pictures.get("columns") or {}, content["verdict"]["pairs"]
    return render(
        "check/columns.html", forest=forest, min_effect=content["verdict"]["min_effect"],
        cards=[_card(c, drawn.get(c["name"]), pairs, redact=redact) for c in named[:_CARDS]], moved=len(named),
        tested=sum(1 for c in content["columns"] if c["marginal"]), counted=bool(content["rows"].get("reason")),
        material=sum(1 for c in named if c["marginal"]["material"]),
    )  # fmt: skip


def _card(column: dict[str, Any], picture: dict[str, Any] | None, pairs: list[Any], *, redact: bool) -> _Card:
    marginal, conditional = column["marginal"], column["conditional"] or {}
    said = said_of(column, pairs, redact=redact)
    said = leading_capital(said) if column["role"] == "relation" else said
    alone = Markup("alone {}").format(p(marginal["pvalue"], marginal["log10_pvalue"]))
    foot: list[str | Markup] = [" ".join(effect(marginal)).strip(), alone]
    if conditional.get("pvalue") is not None:
        given = p(conditional["pvalue"], conditional.get("log10_pvalue"))
        foot.append(Markup("given the others {}").format(given))
    levels = (column.get("movement") or {}).get("levels") or {}
    return _Card(
        column["name"], column["kind"], column["role"], marginal["material"],
        isolated(plain(said, 500).replace("->", "→"), levels), column_plot(column["name"], picture, redact=redact),
        (conditional.get("group") or [])[:3], [part for part in foot if part],
    )  # fmt: skip


def _forest(content: dict[str, Any]) -> _Forest | None:
    found = [c for c in content["columns"] if c["marginal"] is not None and c["marginal"]["effect"] is not None]
    if not found:
        return None
    found.sort(key=lambda c: (not c["marginal"]["changed"], -abs(c["marginal"]["effect"])))
    changed = sum(1 for c in found if c["marginal"]["changed"])
    most = max(_CALM, min(_FOREST, changed + 5))
    shown = found if len(found) <= most + 2 else found[:most]
    drawn = tracks([_effect_row(c) for c in shown], band=content["verdict"]["min_effect"])
    return _Forest(drawn, len(found) - len(shown))


def _effect_row(column: dict[str, Any]) -> Row:
    marginal = column["marginal"]
    cls = "cur" if marginal["changed"] else "none"
    interval = ends(marginal["interval"])
    marks: list[Any] = [("line", cls, *interval)] if interval else []
    words = f"{small(marginal['effect'], plus=True)} {between(interval, lambda end: small(end, plus=True))}"
    what = EFFECTS.get(marginal["effect_name"], marginal["effect_name"])
    return Row(name(column["name"], 45), [*marks, ("point", cls, marginal["effect"])], words, what)


def every_column(content: dict[str, Any], *, redact: bool) -> Markup:
    """The folded table."""
    rows = [_line(column, redact=redact) for column in content["columns"][:_TABLE_ROWS]]
    return render("check/every_column.html", rows=rows, total=len(content["columns"]))


def _line(column: dict[str, Any], *, redact: bool) -> _Line:
    marginal, conditional = column["marginal"], column["conditional"] or {}
    if marginal is None:
        reason = _WITHHELD.get(column["kind"], "") if redact else column.get("reason", "")
        return _Line(column["name"], column["kind"], "", reason, None, {}, [], "", None)
    missing = marginal.get("missing") or [None, None]
    gone = f"{percent(missing[0])} → {percent(missing[1])}" if any(missing) else "0 %"
    told, psi = [part for part in effect(marginal) if part], (marginal.get("psi") or {}).get("value")
    return _Line(column["name"], column["kind"], column["role"], "", marginal, conditional, told, gone, psi)
