"""The page about rows outside."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from ecotone.checkup.report import _svg
from ecotone.checkup.report._format import number, percent, text
from ecotone.checkup.report._html import folded, items, key, name, table

from ._outside_rows import rows_outside

if TYPE_CHECKING:
    from ._outside_result import OutsideResult

_BINS = 40
_HEATED = 14  # scores at most in the table of agreement
_STYLE = (
    ".shots{display:flex;gap:.6rem;margin:.3rem 0}.shot{position:relative;width:96px;height:96px;flex:none}"
    ".shot img{width:96px;height:96px;image-rendering:pixelated;border-radius:.25rem;display:block}"
    ".shot svg{position:absolute;inset:0;width:96px;height:96px}.shots figure{margin:0}"
    ".shots figcaption{font-size:.75rem;color:var(--soft)}.word.low{background:var(--tint);color:var(--bad)}"
    "table.scores td{min-width:0}table.scores td:first-child,table.scores td:nth-child(4){white-space:nowrap}"
    ".tall{writing-mode:vertical-rl;transform:rotate(180deg);max-height:9rem}"
)


def outside_report(result: OutsideResult, *, redact: bool = False) -> str:
    """One HTML page that needs nothing else; ``redact`` leaves out rows' names, texts, pictures and classes."""
    style = resources.files("ecotone.checkup").joinpath("_report.css").read_text(encoding="utf-8") + _STYLE
    content = result.content
    body = "".join(
        [
            _lead(content),
            rows_outside(result, redact=redact),
            _spread(result),
            _scores(content),
            _agreement(content),
            _not_had(content),
            _certainty(content),
        ]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>Ecotone: rows outside</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _lead(content: dict[str, Any]) -> str:
    found, sizes = content["found"], content["sizes"]
    low = found["interval"][0]
    count = len(found["rows"])
    if count:
        said = f"{count:,} of {sizes['live']:,} rows lie outside what the network knows"
    elif low > 0:
        said = "Some rows lie outside, but none can be named at this false discovery rate"
    else:
        said = f"No row of {sizes['live']:,} lies outside by more than chance explains"
    tiles = [
        ("Rows named outside", f"{count:,}", f"false discovery rate {number(content['fdr'])}", bool(count)),
        ("Share outside", percent(found["share"]), f"at least {percent(low)}", low > 0),
        ("Score", name(content["recommended"]), _why_chosen(content), False),
        ("P-values", "calibrated" if content["calibrated"] else "uncalibrated",
         f"by {sizes['calibration']:,} rows set aside", not content["calibrated"]),
    ]  # fmt: skip
    shown = "".join(
        f'<div class="tile{" yes" if alarm else ""}"><span>{what}</span><b>{value}</b><span>{more}</span></div>'
        for what, value, more, alarm in tiles
    )
    note = "" if content["calibrated"] else (
        '<p class="note"><strong>The p-values are uncalibrated.</strong> The network or the scores have seen the '
        "calibration rows, which then look too typical: too many rows are named. Give rows that they have not seen.</p>"
    )  # fmt: skip
    return (
        f"<header><span><b>Ecotone detect</b></span><span>{sizes['live']:,} rows, reference of "
        f"{sizes['reference']:,}</span></header>"
        f'<section class="lead{" alarm" if count or low > 0 else ""}"><h1>{said}</h1><div class="tiles">{shown}</div>'
        f'<p class="text soft">{text(found["share_said"], 300)}</p></section>'
        f"{note}"
    )


def _why_chosen(content: dict[str, Any]) -> str:
    if content["sizes"]["choosing"] == 0:
        return "the one asked for"
    return f"best of {len(content['scores'])} against pseudo-outliers"


def _spread(result: OutsideResult) -> str:
    """The recommended score of calibration and live rows."""
    best = result.content["recommended"]
    held, live = result.held, result.scores[best]
    both = np.concatenate([held, live])
    low, high = np.quantile(both, [0.002, 1.0])
    if not high > low:
        return ""
    edges = np.linspace(low, high, _BINS + 1)
    shares = [np.histogram(np.clip(values, low, high), edges)[0] / len(values) for values in (held, live)]
    picture = {
        "reference": shares[0].tolist(),
        "current": shares[1].tolist(),
        "edges": edges.tolist(),
        "scale": "linear",
    }
    signs = key(("ref", "calibration rows"), ("line", "live rows"))
    drawn = _svg.histogram(picture, f"{best} of calibration and live rows")
    return (
        f'<h2>Where the rows lie</h2><div class="card"><h3>{name(best)}</h3>{signs}{drawn}'
        '<p class="small soft">Higher is more typical. What is below the range is drawn at its left end.</p></div>'
    )


def _scores(content: dict[str, Any]) -> str:
    entries = sorted(content["scores"], key=lambda e: -(e["worth"] or 0.0))
    head = ("score", "early", "AUROC", "hardest kind", "named", "by both", "share outside", "seconds")
    cells = [
        (
            f"<strong>{name(e['name'])}</strong>" if e["name"] == content["recommended"] else name(e["name"]),
            "–" if e["pseudo_early"] is None else f"{e['pseudo_early']:.3f}",
            "–" if e["pseudo_mean"] is None else f"{e['pseudo_mean']:.3f}",
            _hardest(e["pseudo"]),
            f"{e['named']:,}",
            f"{e['also']:,}",
            f"{percent(e['share'])} <span class='soft'>at least {percent(e['interval'][0])}</span>",
            f"{e['seconds']:.2g}",
        )
        for e in entries
    ]
    said = (
        "The chosen score told held-out rows best from <em>pseudo-outliers</em>, which were made by breaking such "
        "rows, by the mean of two figures: the AUROC, and <em>early</em>, its part with at most a tenth of the rows "
        "inside flagged, on a scale from chance, .5, to 1. That is a guess about real ones. Each "
        "score's p-values hold on their own; the rows named above are those of the chosen score alone; "
        "<em>by both</em> counts those that it and the score of the line name."
    )
    return f'<h2>Every score</h2><p class="text soft">{said}</p>{table(head, cells, {1, 2, 4, 5, 7}, "scores")}'


def _hardest(pseudo: dict[str, float]) -> str:
    if not pseudo:
        return "–"
    kind = min(pseudo, key=lambda k: pseudo[k])
    return f"{text(kind)} {pseudo[kind]:.3f}"


def _agreement(content: dict[str, Any]) -> str:
    names, matrix = content["agreement"]["names"], content["agreement"]["spearman"]
    if len(names) < 2:
        return ""
    order = sorted(range(len(names)), key=lambda i: -(content["scores"][i]["worth"] or 0.0))[:_HEATED]
    foot = "".join(f'<th><span class="tall">{name(names[i])}</span></th>' for i in order)
    body = "".join(
        f"<tr><th>{name(names[i])}</th>" + "".join(f"<td>{_cell(matrix[i][j])}</td>" for j in order) + "</tr>"
        for i in order
    )
    more = f" The {_HEATED} best by pseudo-outliers are shown." if len(names) > _HEATED else ""
    return (
        '<h2>Do the scores agree?</h2><p class="text soft">Rank correlations over the live rows: 1 where two scores '
        f'order them alike.{more}</p><div class="scroll"><table class="heat"><tbody>{body}</tbody>'
        f"<tfoot><tr><th></th>{foot}</tr></tfoot></table></div>"
    )


def _cell(value: float | None) -> str:
    return "–" if value is None else _svg.cell(value, 1.0, f"{value:.2f}".replace("-", "−"))


def _not_had(content: dict[str, Any]) -> str:
    lacking = [f"{name(entry['name'])}: {text(entry['reason'], 300)}" for entry in content["unusable"]]
    return folded(f"{len(lacking)} scores that could not be had", items(lacking, 60)) if lacking else ""


def _certainty(content: dict[str, Any]) -> str:
    sizes = content["sizes"]
    chosen = (
        f" {sizes['choosing']:,} other calibration rows chose the score, and were not used again."
        if sizes["choosing"]
        else ""
    )
    return (
        '<h2>How sure is this?</h2><p class="text">A row\'s p-value is the rank of its score among '
        f"{sizes['calibration']:,} calibration rows: a row of their law has p ≤ a with probability a at most.{chosen} "
        f"Rows are named by Benjamini and Hochberg's procedure at {number(content['fdr'])}: among the rows named, at "
        "most that share is expected to be of the reference's law, and where no row is foreign something is named with "
        "that probability at most. This is a statement about the whole batch; after a shift of all rows, such as "
        "another camera, every row is rightly named.</p>"
    )
