"""A check in a notebook cell."""

from __future__ import annotations

from typing import Any

from ecotone.checkup._leading import leading

from ._fact_words import break_lines, contract_lines, schema_lines
from ._format import answers, effect, said_of, sizes, text
from ._html import name, names, p, table

_SHOWN = 8
_FACTS = 4


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
        f"<div>{chips}</div>{note}{_facts(content)}{_moved(content)}"
        + (f'<div style="margin:.4em 0"><b>What to do:</b> {todo}.</div>' if todo else "")
        + f'<div style="opacity:.7;font-size:.9em">{sizes(content)}. '
        "<code>save(report=path)</code> writes the whole report.</div></div>"
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
        for column in named[:_SHOWN]
    ]
    rest = [column["name"] for column in named[_SHOWN:]]
    more = f'<div style="opacity:.7">and {names(rest)}</div>' if rest else ""
    found = table(("column", "role", "how", "effect"), rows)
    return found.replace("<table>", '<table style="text-align:left;margin:.4em 0">') + more


def _facts(content: dict[str, Any]) -> str:
    """The columns that could not be compared, a broken contract, and what broke."""
    broken = contract_lines(content["contract"]) if content["contract"] else []
    out = ""
    for head, lines in (("Columns", schema_lines(content["schema"])), ("Contract", broken),
                        ("What broke", break_lines(content["quality"]))):  # fmt: skip
        if lines:
            rest = f" and {len(lines) - _FACTS:,} more" if len(lines) > _FACTS else ""
            told = "; ".join(text(line, 160) for line in lines[:_FACTS])
            out += f'<div style="margin:.4em 0"><b>{head}:</b> {told}{rest}.</div>'
    return out
