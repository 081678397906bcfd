"""The report's sections on columns: what moved, the pair that changed, and every column."""

from __future__ import annotations

from typing import Any

from ecotone.checkup._leading import convincing, leading

from . import _svg
from ._format import (
    EFFECTS,
    between,
    effect,
    ends,
    isolated,
    number,
    pair_words,
    percent,
    said_of,
    small,
    text,
)
from ._html import Row, folded, key, name, p, table, tracks

_CARDS = 12
_FOREST = 30
_CALM = 10
_LEVELS = 7
_TABLE_ROWS = 400
_ROLES = (
    "<em>moved</em>: by itself and given the other columns; <em>moved with others</em>: the other columns explain it; "
    "<em>relation</em>: only its relation to the others changed."
)
_COUNTED = "<em>moved</em>: by its own counts; whether the other columns explain it could not be tested without rows."
_WITHHELD = {"constant": "one value in every row that has one", "mismatch": "another type in the two tables"}


def columns(content: dict[str, Any], pictures: dict[str, Any], *, redact: bool) -> str:
    """A card for each column that moved, largest movement first, and a forest of effects."""
    named = leading(content["columns"])
    forest = _forest(content)
    if not named:
        if not forest:
            return ""
        return f'<h2>How far the columns can have moved</h2><div class="card">{forest}</div>'
    drawn = pictures.get("columns") or {}
    pairs = content["verdict"]["pairs"]
    cards = "".join(_card(c, drawn.get(c["name"]), pairs, redact=redact) for c in named[:_CARDS])
    rest = len(named) - _CARDS
    more = f'<p class="soft">And {rest:,} more, in the table of every column.</p>' if rest > 0 else ""
    signs = key(("ref", "reference"), ("cur", "current"))
    material = sum(1 for c in named if c["marginal"]["material"])
    tested = sum(1 for c in content["columns"] if c["marginal"])
    alone = f", {material:,} material" if material else "; none is shown to be material by itself"
    counted = f"{len(named):,} of {tested:,} columns{alone}"
    return (
        f'<h2>What moved</h2><p class="soft small">{counted}</p>{signs}<div class="grid">{cards}</div>{more}'
        f'<p class="small soft text">{_COUNTED if content["rows"].get("reason") else _ROLES}</p>'
        + (f'<div class="card"><h3>Effect of each column</h3>{forest}</div>' if forest else "")
    )


def _card(column: dict[str, Any], picture: dict[str, Any] | None, pairs: list[Any], *, redact: bool) -> str:
    marginal, conditional = column["marginal"], column["conditional"] or {}
    tags = "<b>material</b> · " if marginal["material"] else ""
    tags += f"{text(column['role'])} · {text(column['kind'])}"
    said = said_of(column, pairs, redact=redact)
    said = said[:1].upper() + said[1:] if column["role"] == "relation" else said
    foot = [text(" ".join(effect(marginal)).strip()), f"alone {p(marginal['pvalue'], marginal['log10_pvalue'])}"]
    if conditional.get("pvalue") is not None:
        foot.append(f"given the others {p(conditional['pvalue'], conditional.get('log10_pvalue'))}")
    near = conditional.get("group") or []
    levels = (column.get("movement") or {}).get("levels") or {}
    told = isolated(text(said, 500), levels).replace("-&gt;", "→")
    also = (
        f"<p>Tested together with {', '.join(name(g, 40) for g in near[:3])}, which say nearly the same.</p>"
        if near
        else ""
    )
    return (
        f'<div class="card"><h3>{name(column["name"], 90)}</h3><p class="tags">{tags}</p>'
        f'<p class="said">{told}</p>{_plot(column, picture, redact=redact)}'
        f'<div class="foot small soft">{also}<p>{" · ".join(f for f in foot if f)}</p></div></div>'
    )


def _plot(column: dict[str, Any], picture: dict[str, Any] | None, *, redact: bool) -> str:
    if picture is None:
        return ""
    if picture["kind"] == "levels":
        return _levels(picture, redact=redact)
    drawn = _svg.histogram(picture, f"distribution of {column['name']} in both tables", redact=redact)
    out = [low + high for low, high in zip(picture["below"], picture["above"])]
    notes = []
    if picture["scale"] == "log":
        notes.append("equal ratios take equal room")
    if max(out) >= 0.0005:
        notes.append(f"not drawn: {percent(out[0])} → {percent(out[1])} of the rows, beyond the ends")
    said = "; ".join(notes)
    return drawn + (f'<p class="small soft">{said[:1].upper()}{said[1:]}.</p>' if said else "")


def _levels(picture: dict[str, Any], *, redact: bool) -> str:
    found = list(zip(picture["levels"], picture["reference"], picture["current"]))
    most = sorted(
        range(len(found)), key=lambda i: -(abs(found[i][2] - found[i][1]) + 0.1 * (found[i][1] + found[i][2]))
    )
    kept = [found[i] for i in sorted(most[:_LEVELS])]
    top = max([*(max(before, after) for _, before, after in kept), 1e-12])
    rows = ""
    for i, (level, before, after) in enumerate(kept, 1):
        label = f"level {i}" if redact else name(level if str(level).strip() else "(blank)", 40)
        bars = _svg.shares(before, after, top)
        words = f"{percent(before)} → {percent(after)}"
        rows += f'<div class="level"><span>{label}</span>{bars}<span>{words}</span></div>'
    rest = picture["of"] - len(kept)
    return rows + (f'<p class="small soft">{rest:,} more level{"" if rest == 1 else "s"}.</p>' if rest > 0 else "")


def _forest(content: dict[str, Any]) -> str:
    found = [c for c in content["columns"] if c["marginal"] is not None and c["marginal"]["effect"] is not None]
    if not found:
        return ""
    found.sort(key=lambda c: (not c["marginal"]["changed"], -abs(c["marginal"]["effect"])))
    changed = sum(1 for c in found if c["marginal"]["changed"])
    most = max(_CALM, min(_FOREST, changed + 5))
    shown = found if len(found) <= most + 2 else found[:most]
    rows = []
    for column in shown:
        marginal = column["marginal"]
        cls = "cur" if marginal["changed"] else "none"
        interval = ends(marginal["interval"])
        marks: list[Any] = [("line", cls, *interval)] if interval else []
        what = text(EFFECTS.get(marginal["effect_name"], marginal["effect_name"]))
        label = f"{name(column['name'], 45)}<small>{what}</small>"
        words = f"{small(marginal['effect'], plus=True)} {between(interval, lambda end: small(end, plus=True))}"
        rows.append(Row(label, [*marks, ("point", cls, marginal["effect"])], words))
    rest = len(found) - len(shown)
    more = f" {rest:,} smaller effects are left out." if rest else ""
    below = f"below the minimum effect, {number(content['verdict']['min_effect'])}"
    signs = key(("band", below), ("point", "moved"), ("none", "no evidence"))
    return (
        f"{signs}{tracks(rows, band=content['verdict']['min_effect'])}"
        f'<p class="small soft">Position and spread on the AUC scale, levels and missing values as shares of the rows. '
        f"Lines: intervals, adjusted for having been selected.{more}</p>"
    )


def pair(content: dict[str, Any], pictures: dict[str, Any], *, redact: bool) -> str:
    """The pair of columns whose dependence changed most, where its own test holds."""
    found, picture = convincing(content["verdict"]), pictures.get("pair")
    if not found or not (picture or content["rows"].get("reason")):
        return ""
    a, b = found["columns"]
    words = pair_words(found, redact=redact)
    others = [
        f"{name(q['columns'][0], 40)} with {name(q['columns'][1], 40)} ({p(q['pvalue'])})"
        for q in content["verdict"]["pairs"]
        if q is not found and q["pvalue"] <= found["pvalue"] * 1e6 and q["pvalue"] <= 0.001
    ][:4]
    also = f'<p class="small soft">Also: {"; ".join(others)}.</p>' if others else ""
    how = f" Most clearly: {text(words, 200)}." if words else ""
    if not picture:
        return (
            f'<h2>The pair that changed most</h2><div class="card"><h3>{name(a)} with {name(b)}</h3>'
            f'<p class="small soft text">The two go together otherwise than on the reference.{how} '
            f"{p(found['pvalue'])}, corrected for all pairs.</p>{also}</div>"
        )
    return (
        f'<h2>The pair that changed most</h2><div class="card"><h3>{name(a)} with {name(b)}</h3>'
        f'<p class="small soft text">How much more or less often the two go together now than on the reference, beyond '
        f"what each column's own shares say, in percentage points.{how} {p(found['pvalue'])}, "
        f"corrected for all pairs.</p>{_heat(picture, redact=redact)}"
        f"{key(('cur', 'more often now'), ('ref', 'less often now'))}{also}</div>"
    )


def _heat(picture: dict[str, Any], *, redact: bool) -> str:
    grid = picture["difference"]
    across, down = (_axis(side, redact=redact) for side in picture["axes"])
    top = max((abs(v) for line in grid for v in line), default=0.0)
    body = ""
    for i in range(len(grid) - 1, -1, -1):
        cells = "".join(f"<td>{_svg.cell(v, top, _points(v))}</td>" for v in grid[i])
        body += f"<tr><th>{down[i]}</th>{cells}</tr>"
    a, b = (name(c, 40) for c in picture["columns"])
    foot = "".join(f"<th>{label}</th>" for label in across)
    return (
        f'<table class="heat"><thead><tr><th>{b} ↑</th><th colspan="{len(across)}"></th></tr></thead>'
        f"<tbody>{body}</tbody><tfoot><tr><th>{a} →</th>{foot}</tr></tfoot></table>"
    )


def _points(value: float) -> str:
    return "" if abs(value) < 0.0005 else f"{'+' if value > 0 else '−'}{100 * abs(value):.1f}"


def _axis(side: dict[str, Any], *, redact: bool) -> list[str]:
    names = side["names"]
    if not redact:
        return [name(n if str(n).strip() else "(blank)", 24) for n in names]
    last = len(names) - (2 if names[-1] == "(missing)" else 1)
    if side["kind"] == "ranges":
        told = ["low" if i == 0 else "high" if i == last else "·" for i in range(last + 1)]
    else:
        told = [f"level {i + 1}" for i in range(last + 1)]
    return [*told, "(missing)"][: len(names)]


def every_column(content: dict[str, Any], *, redact: bool) -> str:
    """The folded table."""
    rows = []
    for column in content["columns"][:_TABLE_ROWS]:
        marginal, conditional = column["marginal"], column["conditional"] or {}
        first = (name(column["name"]), text(column["kind"]))
        if marginal is None:
            reason = _WITHHELD.get(column["kind"], "") if redact else column.get("reason", "")
            rows.append((*first, f"untested{': ' if reason else ''}{text(reason, 200)}", "", "", "", "", ""))
            continue
        missing = marginal.get("missing") or [None, None]
        rows.append(
            (
                *first,
                f"{text(column['role'])}{', <strong>material</strong>' if marginal['material'] else ''}",
                "<br>".join(filter(None, map(text, effect(marginal)))) or "–",
                p(marginal["pvalue"], marginal["log10_pvalue"], ""),
                p(conditional.get("pvalue"), conditional.get("log10_pvalue"), ""),
                f"{percent(missing[0])} → {percent(missing[1])}" if any(missing) else "0 %",
                number((marginal.get("psi") or {}).get("value")),
            )
        )
    head = ("column", "kind", "role", "effect", "p alone", "p given<br>others", "missing", "PSI<br>(descriptive)")
    hidden = len(content["columns"]) - _TABLE_ROWS
    more = f'<p class="soft">{hidden:,} more columns are in the JSON.</p>' if hidden > 0 else ""
    title = f"All {len(content['columns']):,} columns"
    return f"<h2>Every column</h2>{folded(title, table(head, rows, {4, 5, 6, 7}, 'every') + more)}"
