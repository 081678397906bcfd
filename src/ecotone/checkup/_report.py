"""The report: one HTML page that needs nothing else, readable on a phone, in print, in light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from . import _svg
from ._svg import number, text

_TABLE_ROWS = 400
_ROWS_SHOWN = 20
_KEY = (
    '<div class="key"><span><i style="background:var(--ref)"></i>reference</span>'
    '<span><i style="background:var(--cur)"></i>current</span></div>'
)


def html_report(content: dict[str, Any], pictures: dict[str, Any], *, redact: bool = False) -> str:
    """The page.

    Parameters
    ----------
    content : dict
        The JSON document of a check.
    pictures : dict
        What the plots are drawn from.
    redact : bool
        Leave out whatever shows a value of a row: level names, the rows' values, the ends of ranges.
    """
    style = resources.files("ecotone.checkup").joinpath("_report.css").read_text(encoding="utf-8")
    sections = [
        _lead(content),
        _advice(content),
        _performance(content),
        _columns(content, pictures, redact),
        _pair(content, pictures),
        _rows(content, pictures, redact),
        _all_columns(content),
        _certainty(content),
        _data(content),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Ecotone check</title><style>{style}</style></head><body><main>"
        f"{''.join(sections)}</main></body></html>\n"
    )


def _p(value: float | None, log10: float | None = None) -> str:
    if value is None:
        return "–"
    if value >= 1e-4:
        return f"{value:.4f}"
    power = log10 if log10 is not None else math.log10(value)
    return f"10<sup>{power:.0f}</sup>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: set[int] = frozenset()) -> str:  # type: ignore[assignment]
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if i in numeric else ''}>{cell}</{tag}>" for i, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{cells("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'


def _lead(content: dict[str, Any]) -> str:
    head, verdict, data = content["headline"], content["verdict"], content["data"]
    alarms = head["alarms"]
    rows, quality = content["rows"], content["performance"]
    chips = [
        ("material", verdict["material"], f"p {_p(verdict['material_pvalue'])}"),
        ("changed", verdict["changed"], f"p {_p(verdict['pvalue'], verdict['log10_pvalue'])}"),
        ("rows outside", "outside" in alarms, f"p {_p(rows['global_pvalue'])}"),
    ]
    if quality is not None:
        chips.append(("performance", "performance" in alarms, f"p {_p(quality['pvalue'])}"))
    shown = "".join(
        f'<span class="chip{" yes" if up else ""}">{name}: {"yes" if up else "no"} · {p}</span>'
        for name, up, p in chips
    )
    sizes = f"{data['reference']['rows_kept']:,} reference rows, {data['current']['rows_kept']:,} current rows"
    guarantee = (
        f"If nothing had changed, a headline alarm would come with probability at most {head['alpha']:g}."
        if head["guarantee"] == "exact"
        else f"Guarantee {text(head['guarantee'])}: {text(head['reason'])}"
    )
    warn = "" if head["guarantee"] == "exact" else " warn"
    return (
        f'<h1>Ecotone check</h1><div class="lead{" alarm" if alarms else ""}"><p>{text(head["sentence"])}</p>'
        f'<p class="soft">{sizes}. A difference matters from {verdict["min_effect"]:g} on the AUC scale.</p>'
        f'<div class="chips">{shown}</div></div><p class="small soft{warn}">{guarantee}</p>'
    )


def _advice(content: dict[str, Any]) -> str:
    if not content["advice"]:
        return ""
    items = "".join(
        f"<li><strong>{text(item['action'])}.</strong> {text(item['why'])} "
        f"<span class=soft>{text(item['expected'])}"
        + (f" Method: {text(item['method'])}." if item.get("method") else "")
        + "</span></li>"
        for item in content["advice"]
    )
    return f"<h2>What to do</h2><ul>{items}</ul>"


def _performance(content: dict[str, Any]) -> str:
    quality = content["performance"]
    if quality is None:
        return ""
    rows = [("reference", quality["reference"]["value"], _ends(quality["reference"]["interval"]), "ref")]
    if quality.get("estimate") is not None:
        rows.append(("estimate now", quality["estimate"], _ends(quality["interval"]), "cur"))
    actual = quality.get("actual")
    if actual:
        rows.append(("measured now", actual["value"], _ends(actual["interval"]), "cur"))
    for group in (quality.get("groups") or [])[:12]:
        if group.get("estimate") is not None:
            rows.append((str(group["name"]), group["estimate"], _ends(group.get("interval")), "cur"))
    words = [f"<p>{text(quality['metric'])}. <span class=soft>Assumes: {text(quality['assumption'])}</span></p>"]
    if quality.get("unknown"):
        words.append(f'<p class="warn">Unknown: {text(quality["unknown"])}</p>')
    if quality.get("warning"):
        words.append(f'<p class="warn">{text(quality["warning"])}</p>')
    plot = _svg.intervals(rows, f"{quality['metric']} on the reference and now")
    return (
        f"<h2>What it does to the model</h2>{''.join(words)}"
        f'<div class="grid" style="grid-template-columns:repeat(auto-fit,minmax(20rem,1fr))">'
        f'<div class="card">{plot}</div>{_attribution(quality)}</div>'
    )


def _ends(interval: Any) -> tuple[float, float] | None:
    return None if interval is None or None in interval else (interval[0], interval[1])


def _attribution(quality: dict[str, Any]) -> str:
    attribution = quality.get("attribution")
    if not attribution:
        return ""
    start = attribution.get("from", quality["reference"]["value"])
    plot = _svg.waterfall(
        start, list(attribution["parts"].items()), "what the change in performance is made of", ("reference", "now")
    )
    return f'<div class="card"><h3>What the change is made of</h3>{plot}</div>'


def _columns(content: dict[str, Any], pictures: dict[str, Any], redact: bool) -> str:
    named = [c for c in content["columns"] if c["role"] in ("moved", "moved with others", "relation")]
    if not named:
        return ""
    cards = "".join(_column_card(column, pictures["columns"].get(column["name"]), redact) for column in named[:12])
    effects = [
        (
            c["name"],
            c["marginal"]["effect"],
            _ends(c["marginal"]["interval"]),
            "cur" if c["marginal"]["changed"] else "ref",
        )
        for c in content["columns"]
        if c["marginal"] is not None and c["marginal"]["effect"] is not None
    ][:25]
    forest = _svg.intervals(effects, "effects with intervals", band=content["verdict"]["min_effect"]) if effects else ""
    more = f"<p class=soft>And {len(named) - 12} more in the table below.</p>" if len(named) > 12 else ""
    return (
        f'<h2>What moved</h2>{_KEY}<div class="grid">{cards}</div>{more}'
        f'<p class="small soft">{text(content["columns_note"])}</p>'
        f'<div class="card"><h3>Effect of each column</h3>{forest}'
        '<p class="small soft">Shaded: below the minimum effect. Lines: intervals, adjusted for selection.</p></div>'
    )


def _column_card(column: dict[str, Any], picture: dict[str, Any] | None, redact: bool) -> str:
    marginal = column["marginal"]
    tags = f'<span class="tag">{text(column["role"])}</span>'
    if marginal["material"]:
        tags += ' <span class="tag material">material</span>'
    plot = ""
    if picture is not None and picture["kind"] == "levels":
        names = [f"level {i + 1}" for i in range(len(picture["levels"]))] if redact else picture["levels"]
        plot = _svg.bars(names, picture["reference"], picture["current"], f"shares of {column['name']}")
    elif picture is not None:
        plot = _svg.histogram(picture["edges"], picture["reference"], picture["current"], column["name"])
    said = "" if redact else column.get("sentence") or ""
    effect = ""
    if marginal["effect"] is not None:
        ends = _ends(marginal["interval"])
        between = "" if ends is None else f" [{number(ends[0])}, {number(ends[1])}]"
        effect = f"{text(marginal['effect_name'])} {number(marginal['effect'])}{between} · "
    return (
        f'<div class="card"><h3>{text(column["name"])}</h3>{tags}<p>{text(said)}</p>{plot}'
        f'<p class="small soft">{effect}p {_p(marginal["pvalue"], marginal["log10_pvalue"])}</p></div>'
    )


def _pair(content: dict[str, Any], pictures: dict[str, Any]) -> str:
    pair = pictures.get("pair")
    if not pair:
        return ""
    a, b = pair["columns"]
    plot = _svg.heatmap(pair["difference"], f"{a} and {b} together", a, b)
    return (
        f'<h2>The pair that changed most</h2><div class="card" style="max-width:24rem">'
        f"<h3>{text(a)} with {text(b)}</h3>{plot}"
        '<p class="small soft">Cells of pooled ranks or levels: one colour where the current table has more rows, '
        "the other where it has fewer.</p></div>"
    )


def _rows(content: dict[str, Any], pictures: dict[str, Any], redact: bool) -> str:
    rows = content["rows"]
    named = rows["index"]
    if not named:
        needed = rows.get("needed")
        said = (
            f"No row can be named with {rows['n_calibration']:,} calibration rows: {needed:,} are needed."
            if needed
            else "No row lies outside the reference by more than chance explains."
        )
        return f"<h2>Rows outside</h2><p>{said}</p>"
    shown = [_row_cells(entry, redact) for entry in (rows.get("reasons") or [])[:_ROWS_SHOWN]]
    table = _table(("file", "row", "p", "because of"), shown, {1, 2})
    drawn = pictures.get("rows") or {}
    groups = [
        (cls, drawn[key])
        for cls, key in (("ref", "reference"), ("cur", "current"), ("out", "outside"))
        if drawn.get(key)
    ]
    plot = f'<div class="card">{_KEY}{_svg.scatter(groups, "map of rows")}</div>' if groups else ""
    return (
        f"<h2>Rows outside</h2><p>{len(named):,} rows are named; an estimated {rows['share']:.1%} lie outside. "
        f"<span class=soft>{text(rows.get('statement', ''))}</span></p>{plot}{table}"
    )


def _row_cells(entry: dict[str, Any], redact: bool) -> tuple[str, str, str, str]:
    reasons = ", ".join(
        text(r["column"]) + ("" if redact or r.get("value") is None else f" = {text(r['value'])}")
        for r in entry["columns"][:3]
    )
    return text(entry["file"]), f"{entry['row']:,}", _p(entry["pvalue"]), reasons


def _all_columns(content: dict[str, Any]) -> str:
    rows = []
    for column in content["columns"][:_TABLE_ROWS]:
        marginal, conditional = column["marginal"], column["conditional"]
        if marginal is None:
            rows.append(
                (text(column["name"]), text(column["kind"]), f"untested: {text(column['reason'])}", "", "", "", "")
            )
            continue
        rows.append(
            (
                text(column["name"]), text(column["kind"]), text(column["role"]),
                _p(marginal["pvalue"], marginal["log10_pvalue"]),
                _p(conditional["pvalue"], conditional.get("log10_pvalue")) if conditional else "–",
                "–" if marginal["effect"] is None else number(marginal["effect"]),
                "–" if marginal["psi"]["value"] is None else number(marginal["psi"]["value"]),
            )
        )  # fmt: skip
    head = ("column", "kind", "role", "p alone", "p given the others", "effect", "PSI (descriptive)")
    hidden = len(content["columns"]) - _TABLE_ROWS
    more = f"<p class=soft>{hidden} more columns are in the JSON.</p>" if hidden > 0 else ""
    table = _table(head, rows, {3, 4, 5, 6})
    return f"<h2>Every column</h2><details><summary>{len(content['columns'])} columns</summary>{table}{more}</details>"


def _certainty(content: dict[str, Any]) -> str:
    verdict = content["verdict"]
    families = [
        (
            text(f["name"]), f"{f['share']:.0%}",
            _p(f["pvalue"], f["log10_pvalue"]) if f["reason"] is None else text(f["reason"]),
        )
        for f in verdict["families"]
    ]  # fmt: skip
    found = "".join(
        f"<li>{text(', '.join(f'{k}: {number(v) if isinstance(v, float) else v}' for k, v in entry.items()))}</li>"
        for entry in content["data"]["dependence"]["found"]
    )
    detectable = "".join(
        f"<li>{text(kind)}: {number(value) if isinstance(value, (int, float)) else text(value)}</li>"
        for kind, value in verdict["smallest_detectable"].items()
    )
    return (
        "<h2>How certain</h2>"
        f"<p>Of alpha {content['headline']['alpha']:g}: verdict {verdict['alpha']:g}; "
        "the rest for rows and performance. Shares are fixed before any data is seen.</p>"
        f"{_table(('family of tests', 'share of the verdict', 'p'), families, {1, 2})}"
        f"<details><summary>Smallest effect that these sizes can show</summary><ul>{detectable}</ul></details>"
        + (f"<details><summary>Dependence between rows</summary><ul>{found}</ul></details>" if found else "")
    )


def _data(content: dict[str, Any]) -> str:
    data = content["data"]
    lines = []
    for side in ("reference", "current"):
        kept, read = data[side]["rows_kept"], data[side]["rows_read"]
        sources = ", ".join(text(s["name"]) for s in data[side]["sources"][:5])
        lines.append(f"<li>{side}: {read:,} rows read, {kept:,} kept; {sources}</li>")
    lines += [f"<li>{text(note)}</li>" for note in data["notes"]]
    timing = ", ".join(f"{text(name)} {seconds:.2f} s" for name, seconds in content["timing"].items())
    return (
        f"<h2>Data</h2><ul>{''.join(lines)}</ul>"
        f'<p class="small soft">ecotone {text(content["ecotone"])}, schema {text(content["schema"])}, '
        f"seed {data['seed']}; {timing}.</p>"
    )
