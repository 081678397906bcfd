"""The parts of the terminal's text: each a label, a title and lines of words."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.checkup.document import CheckContent, leading
from ecotone.checkup.performance import COLUMNS, LABELS, Measured, Performance
from ecotone.checkup.words import between, plain, precise

from ._column_words import said_of
from ._fact_words import break_lines, contract_lines, schema_lines, untested_lines
from ._model_words import rests_on
from ._verdict_words import detectable

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


def blocks(content: CheckContent, *, brief: bool) -> list[Block]:
    """The parts that have something to say, the most urgent first."""
    made = [
        _schema(content), _contract(content), _broken(content), _advice(content, brief=brief), _performance(content),
        _columns(content), _rows(content), _quiet(content), _untested(content),
    ]  # fmt: skip
    return [block for block in made if block.lines]


def _schema(content: CheckContent) -> Block:
    found = content.schema
    return Block("columns", f"columns: {found.compared:,} of {found.columns:,} compared", tuple(schema_lines(found)))


def _untested(content: CheckContent) -> Block:
    return Block("untested", "columns that no test read", tuple(untested_lines(content.schema.untested)))


def _contract(content: CheckContent) -> Block:
    kept = content.contract
    if kept is None:
        return Block("contract", "", ())
    many = len(kept.violations)
    said = f"contract on {kept.columns:,} columns: {many:,} violation{'' if many == 1 else 's'}"
    return Block("contract", said, tuple(contract_lines(kept)) or ("kept",))


def _broken(content: CheckContent) -> Block:
    return Block("broke", "what broke (plain facts, no test)", tuple(break_lines(content.quality)))


def _advice(content: CheckContent, *, brief: bool) -> Block:
    lines = [f"{item.action}. {'' if brief else item.why + ' ' + item.expected}" for item in content.advice]
    return Block("to do", "what to do", tuple(lines))


def _performance(content: CheckContent) -> Block:
    model = content.performance
    if model is None:
        return Block("model", "", ())
    lines = [_measure("reference", model.reference), *_now(model, content.data.current.rows_kept), *_causes(model)]
    if model.unknown:
        how = "no estimate" if model.estimate is None else "unknown without labels"
        lines.append(f"{how}: {model.unknown}")
    lines.append(rests_on(model.details.columns))
    if model.warning:
        lines.append(f"warning: {model.warning}")
    if model.actual is None:
        lines.append(f"assumes: {model.assumption}")
    metric = plain(model.metric)
    return Block(metric if len(metric) <= 8 else "model", f"performance: {metric}", tuple(lines))


def _now(model: Performance, rows: int) -> list[str]:
    """The metric of the current rows, by labels and without."""
    lines = []
    if model.actual is not None:
        labels = model.actual.rows
        lines.append(_measure(f"now, {labels:,} labels" if labels < rows else "now, with labels", model.actual))
    if model.estimate is not None:
        faint = "  not to be acted on" if model.unknown else ""
        interval = between(model.interval, precise)
        figures = interval if faint and interval else f"{precise(model.estimate)} {interval}".rstrip()
        lines.append(f"{'now, estimated':<18}{figures}{faint}")
    return lines


def _causes(model: Performance) -> list[str]:
    """How much of the change is due to what."""
    if model.attribution is None:
        return []
    words = {COLUMNS: "because the columns moved", LABELS: "because the answer changed"}
    found = [(words[part], cause) for part, cause in model.attribution.summary.items()]
    return [f"  {said:<27}{_plus(cause.value)} {between(cause.interval, _plus)}" for said, cause in found]


def _plus(value: float) -> str:
    return precise(value, plus=True)


def _measure(what: str, found: Measured) -> str:
    if found.value is None:
        return f"{what:<18}undefined: {plain(found.undefined or 'it is 0/0')}"
    return f"{what:<18}{precise(found.value)} {between(found.interval, precise)}".rstrip()


def _columns(content: CheckContent) -> Block:
    named = leading(content.columns)
    room = min(24, max((len(plain(c.name, 24)) for c in named), default=0))
    lines = []
    for column in named:
        mark = "*" if column.marginal.material else " "
        how = "" if column.role in ("moved", "relation") else " (explained by the other columns)"
        words = f"{said_of(column, content.verdict.pairs)}{how}"
        lines.append(f"{mark} {plain(column.name, room):<{room}}  {words}")
    return Block("moved", "columns that moved, largest first (* above the minimum effect)", tuple(lines))


def _rows(content: CheckContent) -> Block:
    rows, named = content.rows, len(content.rows.places)
    title = "rows outside (rows are counted from 0)"
    lines = [rows.copies_said] if rows.copies_said else []
    if named or rows.raised:
        share = f"estimated: {rows.share_said}"
        lines.append(f"{named:,} named; {share}" if named else f"none can be named; {share}")
    elif rows.needed:
        there = f"{rows.n_calibration:,} are there"
        lines.append(f"none can be named; {rows.needed:,} calibration rows are needed, {there}")
    several = len(content.data.current.sources) > 1  # else the name says nothing, and takes the line
    for entry in rows.reasons[:_REASONS]:
        because = ", ".join(plain(reason.column, 40) for reason in entry.columns[:3])
        file = entry.file if several else None
        lines.append(f"{plain(file or 'current', 40)} row {entry.row:,} (from 0): {because}")
    told = sum(1 + entry.copies for entry in rows.reasons[:_REASONS])
    return Block("outside", title, tuple(lines), max(0, named - told))


def _quiet(content: CheckContent) -> Block:
    """What a clean result rules out."""
    quiet = not content.headline.alarms and content.headline.answer == "no change found"
    title = "with these sizes, each of these would have been found with probability 0.8"
    return Block("would find", title, tuple(detectable(content.verdict)) if quiet else ())
