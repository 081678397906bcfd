"""The report: one HTML page that needs nothing else, readable on a phone, in print, in light and dark."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

from ecotone.checkup._leading import leading

from ._fact_words import equal_rows
from ._format import answers, detectable, isolated, number, percent, sizes, text
from ._html import folded, items, name, p, table
from ._section_columns import columns, every_column, pair
from ._section_facts import broken, contract, facts, given, schema_changes
from ._section_model import model
from ._section_rows import rows

_EXPLAINED = {
    "material": "Material: above the minimum effect?",
    "changed": "Changed: is there any difference?",
    "performance": "Performance: worse than on the reference?",
    "rows outside": "Rows outside: unlike any reference row?",
}


def html_report(content: dict[str, Any], pictures: dict[str, Any], *, redact: bool = False) -> str:
    """The page.

    Parameters
    ----------
    content : dict
        The JSON document of a check.
    pictures : dict
        What the plots are drawn from.
    redact : bool
        Leave out whatever shows a value of a row: level names, the rows' values, the ends of ranges, and sentences
        that hold any of these.
    """
    style = resources.files("ecotone.checkup").joinpath("_report.css").read_text(encoding="utf-8")
    sections = [
        _lead(content, redact=redact),
        schema_changes(content, redact=redact),
        contract(content, redact=redact),
        broken(content, redact=redact),
        _advice(content, redact=redact),
        _quiet(content),
        model(content, redact=redact),
        columns(content, pictures, redact=redact),
        pair(content, pictures, redact=redact),
        rows(content, pictures, redact=redact),
        every_column(content, redact=redact),
        facts(content, redact=redact),
        _certainty(content),
        _data(content, redact=redact),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>Ecotone check: {text(_pairing(content), 150)}</title><style>{style}</style></head><body><main>"
        f"{''.join(sections)}</main></body></html>\n"
    )


def _pairing(content: dict[str, Any]) -> str:
    def side(which: str) -> str:
        sources = [re.split(r"[\\/]", s["name"])[-1] or which for s in content["data"][which]["sources"]]
        return (sources[0] if sources else which) + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")

    return f"{side('current')} against {side('reference')}"


def _lead(content: dict[str, Any], *, redact: bool) -> str:
    head, verdict = content["headline"], content["verdict"]
    levels = {"material": verdict["alpha"], "changed": verdict["alpha"], "rows outside": content["rows"]["alpha"]}
    levels["performance"] = next(
        (part["alpha"] for part in content["budget"]["parts"] if part["name"] == "performance"), None
    )
    tiles = "".join(
        f'<div class="tile{" yes" if alarm else ""}"><span>{_EXPLAINED[what]}</span><b>{_sentence(word)}</b>'
        f"<span>{p(*found)}{_against(levels[what])}</span></div>"
        for what, alarm, word, found in answers(content)
    )
    return (
        f"<header><span><b>Ecotone check</b> · {name(_pairing(content), 90)}</span>"
        f"<span>{sizes(content)}</span></header>"
        f'<section class="lead{" alarm" if head["alarms"] else ""}"><h1>{_headline(content)}</h1>'
        f'<div class="tiles">{tiles}</div>{_guarantee(head)}{given(content, redact=redact)}'
        f'<p class="small soft">A difference matters from {number(verdict["min_effect"])} on the AUC scale: a '
        f"shift of about {3.545 * verdict['min_effect']:.2g} standard deviations, or "
        f"{percent(verdict['min_effect'])} of the rows in another category or missing.</p></section>"
    )


def _headline(content: dict[str, Any]) -> str:
    return isolated(text(content["headline"]["sentence"], 400), (c["name"] for c in leading(content["columns"])[:3]))


def _sentence(word: str) -> str:
    return word[:1].upper() + word[1:]


def _against(level: float | None) -> str:
    return "" if level is None else f", level {number(level)}"


def _guarantee(head: dict[str, Any]) -> str:
    reason = text(head["reason"], 600)
    if head["guarantee"] == "exact":
        return (
            f'<p class="small soft">If nothing had changed, an alarm of any kind would come with probability at most '
            f"{number(head['alpha'])}, whatever the number of rows ({reason}).</p>"
        )
    if head["guarantee"] == "approximate":
        return (
            f'<p class="note"><strong>The guarantee is approximate.</strong> If nothing had changed, an alarm would '
            f"come with probability of about {number(head['alpha'])}: {reason}.</p>"
        )
    if head["guarantee"] == "assumed":
        return (
            '<p class="note"><strong>The guarantee assumes independent rows.</strong> If they are, and nothing had '
            f"changed, an alarm would come with probability at most {number(head['alpha'])}, up to a normal "
            f"approximation. {_sentence(reason)}.</p>"
        )
    return (
        f'<p class="note"><strong>The guarantee is withdrawn.</strong> {_sentence(reason)}. '
        "Until then read every p-value on this page as a description.</p>"
    )


def _advice(content: dict[str, Any], *, redact: bool) -> str:
    advice = content["advice"]
    if not advice:
        said = "Nothing: no alarm was raised."
        if content["headline"]["alarms"]:
            said = "See below what moved, and whether it was meant to."
            if content["rows"].get("reason"):
                said += " Tables or profiles with rows would show which rows lie outside, and what a model loses."
            elif content["performance"] is None:
                said += " Give a model, or its predictions, and a target to learn what the change does to it."
        return f'<h2>What to do</h2><p class="text">{said}</p>'
    told = "".join(
        f"<li><strong>{text(item['action'])}.</strong> {text(_why(item, redact=redact))}"
        f'<br><span class="soft">{text(item["expected"])} {_methods(item)}</span></li>'
        for item in advice[:12]
    )
    return f'<h2>What to do</h2><ol class="todo">{told}</ol>'


def _why(item: dict[str, Any], *, redact: bool) -> str:
    """The finding; a class's name is a value of rows."""
    name = (item.get("numbers") or {}).get("class") if redact else None
    return str(item["why"]) if name is None else str(item["why"]).replace(f"class {name!r}", "one class")


def _quiet(content: dict[str, Any]) -> str:
    """What a clean result rules out."""
    found = items(_sentence(text(words)) for words in detectable(content["verdict"]))
    if content["headline"]["alarms"] or not found:
        return ""
    return (
        '<h2>What could have been found</h2><p class="text">No evidence of change says as much as the tables are '
        f"large. With these sizes each of these would have been called material with probability 0.8:</p>{found}"
    )


def _methods(item: dict[str, Any]) -> str:
    if not item.get("method"):
        return ""
    others = [f"<code>{text(m)}</code>" for m in (item.get("others") or [])[:3]]
    return f"Method: <code>{text(item['method'])}</code>{', or ' + ', '.join(others) if others else ''}."


def _certainty(content: dict[str, Any]) -> str:
    verdict, alpha = content["verdict"], content["headline"]["alpha"]
    lines = []
    for family in verdict["families"]:
        level = family["share"] * verdict["alpha"]
        ran = family["reason"] is None
        lines.append(
            (
                f"verdict: {text(family['name'])}", number(level), f"{family['rows']:,}" if ran else "–",
                p(family["pvalue"], family["log10_pvalue"], "") if ran else "not run",
                ("passes" if family["pvalue"] <= level else "–") if ran else text(family["reason"], 200),
            )
        )  # fmt: skip
    others = {"rows": content["rows"]["global_pvalue"]}
    if content["performance"] is not None:
        others["performance"] = content["performance"]["pvalue"]
    for part in content["budget"]["parts"]:
        if part["name"] in ("rows", "performance"):
            value = others.get(part["name"])
            passes = "not asked" if value is None else "passes" if value <= part["alpha"] else "–"
            lines.append((part["name"], number(part["alpha"]), "–", p(value, word=""), passes))
    head = ("test", "its part of alpha", "rows read", "p", "")
    found = items(_sentence(text(words)) for words in detectable(verdict))
    return (
        f'<h2>How certain</h2><p class="text">The whole page has one budget of errors, alpha = {number(alpha)}, dealt '
        "out before any data is seen; what a test does not use is not handed on. Columns are named at a false "
        f"discovery rate of {number(content['rows']['fdr'])} once the verdict is in, rows once their own test is. "
        f"{text(content['columns_note'], 500)}</p>{table(head, lines, {1, 2, 3}, 'budget')}"
        + folded("Smallest effects that these sizes show", "<p>With probability 0.8, called material:</p>" + found)
        + folded("Dependence between rows", _dependence(content))
    )


def _dependence(content: dict[str, Any]) -> str:
    found = content["data"]["dependence"]
    declared = ", ".join(text(d) for d in found["declared"]) or "nothing"
    lines = []
    for entry in found["found"][:40]:
        what = {"serial": "order of rows", "among": "order of units"}.get(entry["what"])
        what = what or f"rows with equal {name(entry['column'])}"
        said = "found" if entry.get("detected") else "not found"
        lines.append(
            (what, text(entry.get("table", "–")), name(entry.get("column") or "–"), number(entry.get("value")),
             p(entry.get("pvalue"), word=""), said)
        )  # fmt: skip
    tests = table(("tested", "table", "column", "variance ×", "p", ""), lines, {3, 4}) if lines else ""
    return f"<p>Declared: {declared}. {_sentence(text(content['verdict']['reason'], 600))}.</p>{tests}"


def _data(content: dict[str, Any], *, redact: bool) -> str:
    data = content["data"]
    sides = []
    for side in ("reference", "current"):
        part = data[side]
        sources = ", ".join(name(s["name"], 120) for s in part["sources"][:5])
        more = f" and {len(part['sources']) - 5:,} more" if len(part["sources"]) > 5 else ""
        sides.append((side, f"{part['rows_read']:,}", f"{part['rows_kept']:,}", sources + more))
    kinds: dict[str, int] = {}
    for kind in data["types"].values():
        kinds[kind] = kinds.get(kind, 0) + 1
    lines = [f"Columns compared: {', '.join(f'{count:,} {text(kind)}' for kind, count in kinds.items()) or 'none'}."]
    for entry in data.get("embeddings") or []:
        lines.append(f"Embedding {name(entry['name'])}: {len(entry['columns']):,} columns, compared as one.")
    if data["untested"]:
        lines.append(f"Not compared, reasons above: {names_of(data['untested'])}.")
    copies = data["duplicates"]
    if content["rows"].get("reason"):
        lines.append("Duplicates: not looked for, which takes rows.")
    else:
        lines.append(equal_rows(copies))
    notes = list(data["notes"]) + list((content["performance"] or {}).get("notes") or [])
    lines += [f"{len(notes):,} notes are left out here, for they may hold values."] * bool(redact and notes)
    lines += [] if redact else [text(note, 300) for note in notes]
    seconds = content["timing"]
    timing = ", ".join(f"{text(stage)} {value:.1f} s" for stage, value in seconds.items())
    left_out = " Values of rows are left out of this page." if redact else ""
    return (
        f"<h2>Data</h2>{table(('table', 'rows read', 'rows kept', 'from'), sides, {1, 2})}{items(lines)}"
        f'<footer class="small soft">ecotone {text(content["ecotone"])}, format {text(content["format"])}, seed '
        f"{data['seed']}. {sum(seconds.values()):.1f} s in all: {timing}.{left_out}</footer>"
    )


def names_of(untested: list[dict[str, Any]]) -> str:
    """Columns that no test read."""
    shown = ", ".join(name(entry["name"]) for entry in untested[:8])
    return shown + (f" and {len(untested) - 8:,} more" if len(untested) > 8 else "")
