"""The parts of the terminal's text: each a label, a title and lines of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecotone.checkup._leading import leading

from ._fact_words import break_lines, contract_lines, schema_lines, untested_lines
from ._format import between, detectable, plain, precise, said_of
from ._model_words import rests_on

_REASONS = 3


@dataclass(frozen=True)
class Block:
    """A part of the text.

    Parameters
    ----------
    label : str
        One word, for one screen.
    title : str
        For the long text.
    lines : tuple of str
        Each to be shown on a line of its own, cut or wrapped.
    more : int
        What is left out even where there is room.
    """

    label: str
    title: str
    lines: tuple[str, ...]
    more: int = 0


def blocks(content: dict[str, Any], *, brief: bool) -> list[Block]:
    """The parts that have something to say, the most urgent first."""
    made = [
        _schema(content), _contract(content), _broken(content), _advice(content, brief=brief), _performance(content),
        _columns(content), _rows(content), _quiet(content), _untested(content),
    ]  # fmt: skip
    return [block for block in made if block.lines]


def _schema(content: dict[str, Any]) -> Block:
    found = content["schema"]
    title = f"columns: {found['compared']:,} of {found['columns']:,} compared"
    return Block("columns", title, tuple(schema_lines(found)))


def _untested(content: dict[str, Any]) -> Block:
    return Block("untested", "columns that no test read", tuple(untested_lines(content["schema"]["untested"])))


def _contract(content: dict[str, Any]) -> Block:
    kept = content["contract"]
    if kept is None:
        return Block("contract", "", ())
    many = len(kept["violations"])
    said = f"contract on {kept['columns']:,} columns: {many:,} violation{'' if many == 1 else 's'}"
    return Block("contract", said, tuple(contract_lines(kept)) or ("kept",))


def _broken(content: dict[str, Any]) -> Block:
    return Block("broke", "what broke (plain facts, no test)", tuple(break_lines(content["quality"])))


def _advice(content: dict[str, Any], *, brief: bool) -> Block:
    lines = [f"{item['action']}. {'' if brief else item['why'] + ' ' + item['expected']}" for item in content["advice"]]
    return Block("to do", "what to do", tuple(lines))


def _performance(content: dict[str, Any]) -> Block:
    quality = content["performance"]
    if quality is None:
        return Block("model", "", ())
    reference, actual = quality["reference"], quality.get("actual")
    lines = [_measure("reference", reference)]
    if actual:
        some = actual["rows"] < content["data"]["current"]["rows_kept"]
        lines.append(_measure(f"now, {actual['rows']:,} labels" if some else "now, with labels", actual))
    if quality.get("estimate") is not None:
        faint = "  not to be acted on" if quality.get("unknown") else ""
        interval = between(quality["interval"], precise)
        figures = interval if faint and interval else f"{precise(quality['estimate'])} {interval}".rstrip()
        lines.append(f"{'now, estimated':<18}{figures}{faint}")
    summary = (quality.get("attribution") or {}).get("summary") or {}
    for part, said in {"p(x)": "because the columns moved", "p(y|x)": "because the answer changed"}.items():
        if part in summary:
            found = summary[part]
            lines.append(f"  {said:<27}{precise(found['value'], plus=True)} {between(found['interval'], _plus)}")
    if quality.get("unknown"):
        how = "no estimate" if quality.get("estimate") is None else "unknown without labels"
        lines.append(f"{how}: {quality['unknown']}")
    if columns := (quality.get("details") or {}).get("columns"):
        lines.append(rests_on(columns))
    if quality.get("warning"):
        lines.append(f"warning: {quality['warning']}")
    if not actual:
        lines.append(f"assumes: {quality['assumption']}")
    metric = plain(quality["metric"])
    return Block(metric if len(metric) <= 8 else "model", f"performance: {metric}", tuple(lines))


def _plus(value: float) -> str:
    return precise(value, plus=True)


def _measure(what: str, found: dict[str, Any]) -> str:
    if found["value"] is None:
        return f"{what:<18}undefined: {plain(found.get('undefined') or 'it is 0/0')}"
    return f"{what:<18}{precise(found['value'])} {between(found.get('interval'), precise)}".rstrip()


def _columns(content: dict[str, Any]) -> Block:
    named = leading(content["columns"])
    room = min(24, max((len(plain(c["name"], 24)) for c in named), default=0))
    lines = []
    for column in named:
        mark = "*" if column["marginal"]["material"] else " "
        how = "" if column["role"] in ("moved", "relation") else " (explained by the other columns)"
        words = f"{said_of(column, content['verdict']['pairs'])}{how}"
        lines.append(f"{mark} {plain(column['name'], room):<{room}}  {words}")
    return Block("moved", "columns that moved, largest first (* above the minimum effect)", tuple(lines))


def _rows(content: dict[str, Any]) -> Block:
    rows = content["rows"]
    title = "rows outside (rows are counted from 0)"
    copies = rows.get("copies_said")
    if not (rows["index"] or rows["raised"] or rows.get("needed") or copies):
        return Block("outside", title, ())
    named = len(rows["index"])
    if named or rows["raised"]:
        share = f"estimated: {rows['share_said']}"
        lines = [f"{named:,} named; {share}" if named else f"none can be named; {share}"]
    elif rows.get("needed"):
        there = f"{rows['n_calibration']:,} are there"
        lines = [f"none can be named; {rows['needed']:,} calibration rows are needed, {there}"]
    else:
        lines = []
    if copies:
        lines.insert(0, copies)
    reasons = (rows.get("reasons") or [])[:_REASONS]
    several = len(content["data"]["current"]["sources"]) > 1  # else the name says nothing, and takes the line
    for entry in reasons:
        because = ", ".join(plain(reason["column"], 40) for reason in entry["columns"][:3])
        file = entry["file"] if several else None
        lines.append(f"{plain(file or 'current', 40)} row {entry['row']:,} (from 0): {because}")
    told = sum(1 + (entry.get("copies") or 0) for entry in reasons)
    return Block("outside", title, tuple(lines), max(0, named - told))


def _quiet(content: dict[str, Any]) -> Block:
    """What a clean result rules out."""
    quiet = not content["headline"]["alarms"] and content["headline"]["answer"] == "no change found"
    title = "with these sizes, each of these would have been found with probability 0.8"
    return Block("would find", title, tuple(detectable(content["verdict"])) if quiet else ())
