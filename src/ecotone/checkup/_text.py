"""A check in a terminal and in a notebook cell."""

from __future__ import annotations

import html
from typing import Any

_WIDTH = 96


def text_report(content: dict[str, Any]) -> str:
    """Plain text: the headline, then one short block for each part that has something to say."""
    blocks = [_headline(content), _columns(content), _rows(content), _performance(content), _advice(content)]
    return "\n".join(line for block in blocks for line in block)


def _p(value: float | None, log10: float | None = None) -> str:
    if value is None:
        return "-"
    if value >= 1e-4:
        return f"{value:.4f}"
    return f"1e{log10:.0f}" if log10 is not None else f"{value:.0e}"


def _headline(content: dict[str, Any]) -> list[str]:
    head, verdict, data = content["headline"], content["verdict"], content["data"]
    sizes = f"{data['reference']['rows_kept']:,} reference rows, {data['current']['rows_kept']:,} current rows"
    mark = "ALARM" if head["alarms"] else "ok"
    levels = f"alpha {head['alpha']:g}, minimum effect {verdict['min_effect']:g}"
    lines = [f"{mark}: {head['sentence']}", f"  {sizes}; {levels}"]
    lines.append(f"  changed: {_yes(verdict['changed'])} (p = {_p(verdict['pvalue'], verdict['log10_pvalue'])}), "
                 f"material: {_yes(verdict['material'])} (p = {_p(verdict['material_pvalue'])})")  # fmt: skip
    if head["guarantee"] != "exact":
        lines.append(f"  guarantee {head['guarantee']}: {head['reason']}")
    return lines


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _columns(content: dict[str, Any]) -> list[str]:
    named = [c for c in content["columns"] if c["role"] in ("moved", "moved with others", "relation")]
    if not named:
        return []
    wide = min(28, max(len(c["name"]) for c in named))
    lines = ["columns"]
    for column in named[:12]:
        material = "*" if column["marginal"]["material"] else " "
        said = column["sentence"] or "its relation to the others changed"
        lines.append(f"  {material} {_cut(column['name'], wide):<{wide}}  {column['role']:<17}  {_cut(said, 60)}")
    if len(named) > 12:
        lines.append(f"    and {len(named) - 12} more")
    lines.append("  (* above the minimum effect)")
    return lines


def _cut(text: str, width: int) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= width else clean[: width - 1] + "…"


def _rows(content: dict[str, Any]) -> list[str]:
    rows = content["rows"]
    if rows["index"]:
        return [f"rows: {len(rows['index']):,} named outside; estimated share outside {rows['share']:.1%}"]
    if rows["raised"]:
        return [f"rows: some lie outside (p = {_p(rows['global_pvalue'])}), none can be named at the FDR"]
    if rows.get("needed"):
        there = f"{rows['needed']:,} calibration rows are needed, {rows['n_calibration']:,} are there"
        return [f"rows: none can be named; {there}"]
    return ["rows: none outside"]


def _performance(content: dict[str, Any]) -> list[str]:
    quality = content["performance"]
    if quality is None:
        return []
    low, high = quality["interval"]
    reference = quality["reference"]["value"] if isinstance(quality["reference"], dict) else quality["reference"]
    lines = [f"performance ({quality['metric']}): {reference:.3f} on the reference; "
             f"estimated {quality['estimate']:.3f} [{low:.3f}, {high:.3f}] now"]  # fmt: skip
    if quality.get("actual"):
        actual = quality["actual"]
        value = actual["value"] if isinstance(actual, dict) else actual
        lines.append(f"  measured with labels: {value:.3f}")
    if quality.get("unknown"):
        lines.append(f"  unknown: {quality['unknown']}")
    lines.append(f"  assumes: {quality['assumption']}")
    return lines


def _advice(content: dict[str, Any]) -> list[str]:
    if not content["advice"]:
        return []
    return ["advice", *(f"  - {item['action']}: {item['why']} {item['expected']}" for item in content["advice"])]


def html_summary(content: dict[str, Any]) -> str:
    """A notebook cell: the same words, escaped, in a bordered block."""
    colour = "#b3261e" if content["headline"]["alarms"] else "#1b6e3c"
    body = html.escape(text_report(content))
    return (
        f'<div style="border-left:4px solid {colour};padding:.4em .8em">'
        f'<pre style="white-space:pre-wrap;margin:0;font-size:.9em">{body}</pre></div>'
    )
