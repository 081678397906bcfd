"""A check in a terminal and in a notebook cell."""

from __future__ import annotations

import shutil
import textwrap
from typing import Any

from ecotone.checkup._leading import leading

from ._fact_words import break_lines, contract_lines, schema_lines, untested_lines
from ._format import (
    answers,
    between,
    detectable,
    effect,
    plain,
    precise,
    pvalue,
    said_of,
    sizes,
    text,
)
from ._html import name, names, p, table

_SHOWN = 12
_IN_NOTEBOOK = 8


def text_report(content: dict[str, Any], width: int | None = None) -> str:
    """Plain text: the headline, then one short block for each part that has something to say.

    Parameters
    ----------
    content : dict
        The JSON document of a check.
    width : int
        Characters in a line; by default the terminal's, between 80 and 100.
    """
    wide = width or min(100, max(80, shutil.get_terminal_size((96, 24)).columns))
    parts = (_headline, _schema, _contract, _broken, _advice, _performance, _columns, _rows, _quiet)
    blocks = [part(content, wide) for part in parts]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _wrap(said: str, wide: int, first: str = "", then: str | None = None) -> list[str]:
    rest = " " * len(first) if then is None else then
    whole = plain(said).replace(" %", "\u00a0%")  # a number stays with its sign
    lines = textwrap.wrap(whole, wide, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines] or [first.rstrip()]


def _headline(content: dict[str, Any], wide: int) -> list[str]:
    head, verdict = content["headline"], content["verdict"]
    lines = _wrap(head["sentence"], wide, "ALARM  " if head["alarms"] else "ok     ")
    lines += _wrap(
        f"{sizes(content)}; alpha {head['alpha']:g}, minimum effect {verdict['min_effect']:g}", wide, " " * 7
    )
    if head["guarantee"] in ("approximate", "assumed"):
        lines += _wrap(f"guarantee {head['guarantee']}: {head['reason']}", wide, " " * 7)
    lines.append("")
    for what, alarm, word, found in answers(content):
        lines.append(f"  {'!' if alarm else ' '} {what:<13} {word:<16} {pvalue(*found)}")
    return lines


def _schema(content: dict[str, Any], wide: int) -> list[str]:
    found = content["schema"]
    told = [*schema_lines(found), *untested_lines(found["untested"])]
    head = [f"columns: {found['compared']:,} of {found['columns']:,} compared"]
    return head + [line for words in told for line in _wrap(words, wide, "    ", "      ")] if told else []


def _contract(content: dict[str, Any], wide: int) -> list[str]:
    kept = content["contract"]
    if kept is None:
        return []
    found = contract_lines(kept)
    lines = [f"contract on {kept['columns']:,} columns: {len(kept['violations']):,} violations"]
    for words in found[:_SHOWN]:
        lines += _wrap(words, wide, "    ", "      ")
    return lines + ([f"    and {len(found) - _SHOWN:,} more"] if len(found) > _SHOWN else [])


def _broken(content: dict[str, Any], wide: int) -> list[str]:
    told = break_lines(content["quality"])
    lines = ["what broke (plain facts, no test)"] if told else []
    for words in told[:_SHOWN]:
        lines += _wrap(words, wide, "    ", "      ")
    return lines + ([f"    and {len(told) - _SHOWN:,} more"] if len(told) > _SHOWN else [])


def _columns(content: dict[str, Any], wide: int) -> list[str]:
    named = leading(content["columns"])
    if not named:
        return []
    room = min(24, max(len(plain(c["name"], 24)) for c in named[:_SHOWN]))
    lines = ["columns that moved, largest first (* above the minimum effect)"]
    for column in named[:_SHOWN]:
        mark = "*" if column["marginal"]["material"] else " "
        words = said_of(column, content["verdict"]["pairs"])
        how = "" if column["role"] in ("moved", "relation") else " (explained by the other columns)"
        lines += _wrap(f"{words}{how}", wide, f"  {mark} {plain(column['name'], room):<{room}}  ")
    if len(named) > _SHOWN:
        lines.append(f"    and {len(named) - _SHOWN:,} more")
    return lines


def _rows(content: dict[str, Any], wide: int) -> list[str]:
    rows = content["rows"]
    if not (rows["index"] or rows["raised"] or rows.get("needed")):
        return []
    named = len(rows["index"])
    said = [f"{named:,} named outside" if named else "none can be named", f"estimated: {rows['share_said']}"]
    if not (named or rows["raised"]):
        there = f"{rows['n_calibration']:,} are there"
        said = ["none can be named", f"{rows['needed']:,} calibration rows are needed, {there}"]
    lines = ["rows outside", *_wrap("; ".join(said), wide, "    ")]
    for entry in (rows.get("reasons") or [])[:3]:
        because = ", ".join(plain(reason["column"], 40) for reason in entry["columns"][:3])
        lines += _wrap(
            f"{plain(entry['file'] or 'current', 40)} row {entry['row']:,}: {because}", wide, "    ", "      "
        )
    if named > 3 and rows.get("reasons"):
        lines.append(f"    and {named - 3:,} more")
    return lines


def _performance(content: dict[str, Any], wide: int) -> list[str]:
    quality = content["performance"]
    if quality is None:
        return []
    reference, actual = quality["reference"], quality.get("actual")
    lines = [f"performance: {plain(quality['metric'])}", _measure("reference", reference)]
    if actual:
        lines.append(_measure("now, with labels", actual))
    if quality.get("estimate") is not None:
        faint = "  not to be acted on" if quality.get("unknown") else ""
        lines.append(
            _measure("now, estimated", {"value": quality["estimate"], "interval": quality["interval"]}) + faint
        )
    summary = (quality.get("attribution") or {}).get("summary") or {}
    words = {"p(x)": "because the columns moved", "p(y|x)": "because the answer changed"}
    for part, said in words.items():
        if part in summary:
            found = summary[part]
            lines.append(f"      {said:<27}{precise(found['value'], plus=True)} {between(found['interval'], _plus)}")
    if quality.get("unknown"):
        lines += _wrap(f"unknown without labels: {quality['unknown']}", wide, "    ", "      ")
    if quality.get("warning"):
        lines += _wrap(f"warning: {quality['warning']}", wide, "    ", "      ")
    if not actual:
        lines += _wrap(f"assumes: {quality['assumption']}", wide, "    ", "      ")
    return lines


def _plus(value: float) -> str:
    return precise(value, plus=True)


def _measure(what: str, found: dict[str, Any]) -> str:
    if found["value"] is None:
        return f"    {what:<18}undefined: {plain(found.get('undefined') or 'it is 0/0')}"
    return f"    {what:<18}{precise(found['value'])} {between(found.get('interval'), precise)}".rstrip()


def _advice(content: dict[str, Any], wide: int) -> list[str]:
    lines = ["what to do"] if content["advice"] else []
    for item in content["advice"][:6]:
        lines += _wrap(f"{item['action']}. {item['why']} {item['expected']}", wide, "  - ")
    return lines


def _quiet(content: dict[str, Any], wide: int) -> list[str]:
    """What a clean result rules out."""
    found = detectable(content["verdict"])
    if content["headline"]["alarms"] or not found:
        return []
    lines = ["with these sizes, each of these would have been found with probability 0.8"]
    return lines + [line for words in found for line in _wrap(words, wide, "    ", "      ")]


def html_summary(content: dict[str, Any]) -> str:
    """A notebook cell: the headline, the answers, and the columns that moved, in the notebook's own colours."""
    head = content["headline"]
    colour = "#c2362b" if head["alarms"] else "#22804d"
    chip = (
        "display:inline-block;border:1px solid {};border-radius:1em;padding:.05em .7em;"
        "margin:.15em .4em .15em 0;font-size:.9em"
    )
    chips = "".join(
        f'<span style="{chip.format(colour if alarm else "rgba(128,128,128,.5)")}">{what}: '
        f"<b>{text(word)}</b>, {p(*found)}</span>"
        for what, alarm, word, found in answers(content)
    )
    note = ""
    if head["guarantee"] != "exact":
        note = f'<div style="margin:.4em 0">Guarantee {text(head["guarantee"])}: {text(head["reason"], 400)}.</div>'
    todo = "; ".join(text(item["action"]) for item in content["advice"][:4])
    return (
        f'<div style="border-left:4px solid {colour};padding:.3em .9em;max-width:60em;overflow-wrap:anywhere">'
        f'<div style="font-size:1.15em;font-weight:600;margin-bottom:.3em">{text(head["sentence"], 500)}</div>'
        f"<div>{chips}</div>{note}{_moved(content)}"
        + (f'<div style="margin:.4em 0"><b>What to do:</b> {todo}.</div>' if todo else "")
        + f'<div style="opacity:.7;font-size:.9em">{sizes(content)}. '
        "<code>save_report(path)</code> writes the whole report.</div></div>"
    )


def _moved(content: dict[str, Any]) -> str:
    named = leading(content["columns"])
    if not named:
        return ""
    rows = [
        (
            name(column["name"], 40) + (" <b>*</b>" if column["marginal"]["material"] else ""),
            text(column["role"]),
            text(said_of(column, content["verdict"]["pairs"]), 160).replace("-&gt;", "→"),
            " ".join(effect(column["marginal"])),
        )
        for column in named[:_IN_NOTEBOOK]
    ]
    rest = [column["name"] for column in named[_IN_NOTEBOOK:]]
    more = f'<div style="opacity:.7">and {names(rest)}</div>' if rest else ""
    found = table(("column", "role", "how", "effect"), rows)
    return found.replace("<table>", '<table style="text-align:left;margin:.4em 0">') + more


__all__ = ["html_summary", "text_report"]
