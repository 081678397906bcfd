"""The report's sections on columns: a card for each that moved, a forest of effects, and every column in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ecotone.checkup.document import (
    CheckContent,
    ColumnEntry,
    ComparedColumn,
    Conditional,
    Marginal,
    PairOfColumns,
    leading,
)
from ecotone.checkup.words import between, ends, percent, plain, small

from ._column_plots import column_plot
from ._column_words import EFFECTS, effect, said_of
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
    near: tuple[str, ...]
    foot: list[str | Markup]


@dataclass(frozen=True)
class _Forest:
    tracks: Markup
    rest: int


@dataclass(frozen=True)
class _Effect:
    """A column with an effect that is known."""

    name: str
    changed: bool
    value: float
    marginal: Marginal


@dataclass(frozen=True)
class _Line:
    """A column in the table of all; without figures where it was not tested."""

    name: str
    kind: str
    role: str
    reason: str
    marginal: Marginal | None
    conditional: Conditional | None
    effect: list[str]
    missing: str
    psi: float | None


def columns(content: CheckContent, pictures: dict[str, Any], *, redact: bool) -> Markup:
    """A card for each column that moved, largest movement first, and a forest of effects."""
    named, forest = leading(content.columns), _forest(content)
    if not named and not forest:
        return Markup()
    drawn, pairs = pictures.get("columns") or {}, content.verdict.pairs
    return render(
        "check/columns.html", forest=forest, min_effect=content.verdict.min_effect,
        cards=[_card(c, drawn.get(c.name), pairs, redact=redact) for c in named[:_CARDS]], moved=len(named),
        tested=sum(1 for c in content.columns if isinstance(c, ComparedColumn)), counted=bool(content.rows.reason),
        material=sum(1 for c in named if c.marginal.material),
    )  # fmt: skip


def _card(
    column: ComparedColumn, picture: dict[str, Any] | None, pairs: Sequence[PairOfColumns], *, redact: bool
) -> _Card:
    marginal, conditional = column.marginal, column.conditional
    said = said_of(column, pairs, redact=redact)
    said = leading_capital(said) if column.role == "relation" else said
    alone = Markup("alone {}").format(p(marginal.pvalue, marginal.log10_pvalue))
    foot: list[str | Markup] = [" ".join(effect(marginal)).strip(), alone]
    if conditional.pvalue is not None:
        foot.append(Markup("given the others {}").format(p(conditional.pvalue, conditional.log10_pvalue)))
    levels = column.movement.levels if column.movement is not None else None
    return _Card(
        column.name, column.kind, column.role, marginal.material,
        isolated(plain(said, 500).replace("->", "→"), levels or ()), column_plot(column.name, picture, redact=redact),
        conditional.group[:3], [part for part in foot if part],
    )  # fmt: skip


def _forest(content: CheckContent) -> _Forest | None:
    found = [
        _Effect(c.name, c.marginal.changed, c.marginal.effect, c.marginal)
        for c in content.columns
        if isinstance(c, ComparedColumn) and c.marginal.effect is not None
    ]
    if not found:
        return None
    found.sort(key=lambda c: (not c.changed, -abs(c.value)))
    most = max(_CALM, min(_FOREST, sum(c.changed for c in found) + 5))
    shown = found if len(found) <= most + 2 else found[:most]
    return _Forest(tracks([_effect_row(c) for c in shown], band=content.verdict.min_effect), len(found) - len(shown))


def _effect_row(column: _Effect) -> Row:
    cls = "cur" if column.changed else "none"
    interval = ends(column.marginal.interval)
    marks: list[Any] = [("line", cls, *interval)] if interval else []
    words = f"{small(column.value, plus=True)} {between(interval, lambda end: small(end, plus=True))}"
    what = EFFECTS.get(column.marginal.effect_name, column.marginal.effect_name)
    return Row(name(column.name, 45), [*marks, ("point", cls, column.value)], words, what)


def every_column(content: CheckContent, *, redact: bool) -> Markup:
    """The folded table."""
    rows = [_line(column, redact=redact) for column in content.columns[:_TABLE_ROWS]]
    return render("check/every_column.html", rows=rows, total=len(content.columns))


def _line(column: ColumnEntry, *, redact: bool) -> _Line:
    if not isinstance(column, ComparedColumn):
        reason = _WITHHELD.get(column.kind, "") if redact else column.reason
        return _Line(column.name, column.kind, "", reason, None, None, [], "", None)
    marginal, missing = column.marginal, column.marginal.missing
    gone = f"{percent(missing[0])} → {percent(missing[1])}" if any(missing) else "0 %"
    told = [part for part in effect(marginal) if part]
    return _Line(
        column.name, column.kind, column.role, "", marginal, column.conditional, told, gone, marginal.psi.value
    )
