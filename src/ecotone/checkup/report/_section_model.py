"""The report's section on the model: its metric with intervals, by group, and what a change is made of."""

from __future__ import annotations

from typing import Any

from ._format import between, ends, number, precise, text
from ._html import Row, folded, items, name, p, table, tracks
from ._model_words import undefined

_GROUPS = 20
_LABELS = "p(y|x)"


def model(content: dict[str, Any], *, redact: bool) -> str:
    """What the change does to the model, if there is one."""
    quality = content["performance"]
    if quality is None:
        return ""
    upright = " Upright: the group's own reference." if quality.get("groups") else ""
    better = "higher is better" if quality["greater_is_better"] else "lower is better"
    return (
        f'<h2>What it does to the model</h2><p class="text">{_verdict(content, quality)}</p>{_warnings(quality)}'
        f'<div class="card"><h3>{text(quality["metric"])} <span class="soft small">({better})</span></h3>'
        f"{tracks(_intervals(quality, redact=redact))}"
        f'<p class="small soft">Lines: {_level(quality):.0%} intervals.{upright} Without labels: '
        f"{text(quality['assumption'], 500)}</p>"
        f"{_bound(quality)}</div>{_attribution(quality)}{_details(quality, redact=redact)}"
    )


def _level(quality: dict[str, Any]) -> float:
    return float(quality["reference"].get("level") or 0.9)


def _verdict(content: dict[str, Any], quality: dict[str, Any]) -> str:
    dropped = "performance" in content["headline"]["alarms"]
    before, actual = quality["reference"]["value"], quality.get("actual")
    said = "<strong>The model has become worse.</strong> " if dropped else ""
    metric = text(quality["metric"])
    if undefined(quality):
        said += f"{metric} has no value on {'the reference' if before is None else 'the current rows'}: it is 0/0. "
    elif actual:
        said += f"With {actual['rows']:,} labels, {metric} went from {precise(before)} to {precise(actual['value'])}. "
    elif not quality.get("unknown"):
        said += (
            f"Without labels, {metric} is estimated to go from {precise(before)} to {precise(quality['estimate'])}. "
        )
    if not dropped and not undefined(quality):
        said += (
            "That is not enough to say that the model became worse. " if not quality.get("unknown") or actual else ""
        )
    if quality.get("unknown") and not actual and not dropped:
        return f"{said}Whether {metric} has become worse cannot be told without labels."
    return f"{said}Test of “no worse than before”: {p(quality['pvalue'])}."


def _warnings(quality: dict[str, Any]) -> str:
    out = ""
    if quality.get("unknown") and quality.get("estimate") is None:
        out += f'<p class="soft text">There is no estimate: {text(quality["unknown"], 500)}.</p>'
    elif quality.get("unknown") and quality.get("actual"):
        out += f'<p class="soft text">Without the labels it would be unknown: {text(quality["unknown"], 500)}.</p>'
    elif quality.get("unknown"):
        out += (
            f'<p class="note"><strong>Without labels it is unknown.</strong> {text(quality["unknown"], 500)}. '
            "The estimate is drawn faintly and should not be acted on.</p>"
        )
    if quality.get("warning"):
        out += f'<p class="note"><strong>Looks too good.</strong> {text(quality["warning"], 500)}.</p>'
    return out


def _row(label: str, entry: dict[str, Any], cls: str, small: str = "") -> Row:
    value, interval = entry["value"], ends(entry.get("interval"))
    if value is None:
        return Row(f"{label}<small>undefined: {text(entry.get('undefined') or 'it is 0/0', 200)}</small>")
    marks = [("line", cls, *interval)] if interval else []
    note = f"<small>{small}</small>" if small else ""
    return Row(label + note, [*marks, ("point", cls, value)], f"{precise(value)} {between(interval, precise)}")


def _intervals(quality: dict[str, Any], *, redact: bool) -> list[Row]:
    reference, actual = quality["reference"], quality.get("actual")
    rows = [_row("reference", reference, "ref", f"measured, {reference['rows']:,} rows")]
    if actual:
        rows.append(_row("now, measured", actual, "cur", f"{actual['rows']:,} labelled rows"))
        if actual.get("prediction_powered"):
            rows.append(_row("now, labels and predictions", actual["prediction_powered"], "cur", "all current rows"))
    if quality.get("estimate") is not None:
        faint = "cur weak" if quality.get("unknown") else "cur"
        found = {"value": quality["estimate"], "interval": quality["interval"]}
        rows.append(_row("now, estimated", found, faint, "without current labels"))
    groups = quality.get("groups") or []
    known = [(i, g) for i, g in enumerate(groups, 1) if g.get("estimate") is not None]
    if known:
        rows.append(Row("By group"))
    for i, group in known[:_GROUPS]:
        rows.append(_group(group, f"group {i}" if redact else name(group["name"])))
    return rows


def _group(group: dict[str, Any], label: str) -> Row:
    found = group.get("actual") or {"value": group["estimate"], "interval": group.get("interval")}
    faint = "cur weak" if group.get("unknown") and not group.get("actual") else "cur"
    how = "measured" if group.get("actual") else "unknown" if group.get("unknown") else "estimated"
    row = _row(label, found, faint, f"{how}, {group['rows'][1]:,} rows")
    before = group.get("reference")
    before = before.get("value") if isinstance(before, dict) else before
    marks = row.marks if before is None else [("rule", "ref", before), *row.marks]
    return Row(row.label, marks, row.words)


def _bound(quality: dict[str, Any]) -> str:
    bound = quality.get("bound")
    if not bound or not ends(bound["interval"]):
        return ""
    return (
        f'<p class="small soft">What no label can rule out: were the odds of being right off by up to '
        f"{number(bound['factor'])} times in every row, the metric would lie in "
        f"{between(bound['interval'], precise)}.</p>"
    )


def _attribution(quality: dict[str, Any]) -> str:
    found = quality.get("attribution")
    if not found or not found.get("parts"):
        return ""
    start = found.get("from", quality["reference"]["value"])
    parts = sorted(found["parts"].items(), key=lambda part: (part[0] == _LABELS, -abs(part[1])))
    intervals, blocks = found.get("intervals") or {}, found.get("blocks") or {}
    sign = 1.0 if quality["greater_is_better"] else -1.0
    show = _plus if abs(start) < 0.01 or abs(start) >= 2 else lambda v: f"{v:+.3f}"
    rows, level = [Row("reference", [("rule", "ref", start)], precise(start))], start
    for part, value in parts:
        reach = ends(intervals.get(part))
        cls = "worse" if sign * value < 0 else "better"
        marks: list[Any] = [("bar", cls, level, level + value)]
        marks += [("line", "thin", level + reach[0], level + reach[1])] if reach else []
        rows.append(Row(_part(part, blocks.get(part)), marks, f"{show(value)} {between(reach, show)}"))
        level += value
    rows.append(Row("now", [("rule", "cur", level)], f"{precise(level)} ({show(level - start)})"))
    return (
        f'<div class="card"><h3>What the change is made of</h3><p class="small soft">{_summary(found)}</p>'
        f'{tracks(rows)}<p class="small soft">Shapley values; the parts sum to the change. Thin lines: '
        f"{found.get('level', 0.9):.0%} intervals of each part. Red: worse, green: better.</p></div>"
    )


def _plus(value: float) -> str:
    return precise(value, plus=True)


def _part(part: str, block: list[str] | None) -> str:
    if part == _LABELS:
        return "the answer given the columns<small>p(y|x)</small>"
    if not block:
        return text(part, 80)
    shown = ", ".join(name(b, 30) for b in block[:3])
    return shown + (f" and {len(block) - 3} more" if len(block) > 3 else "")


def _summary(found: dict[str, Any]) -> str:
    summary = found.get("summary") or {}
    words = {"p(x)": "Because the columns moved", _LABELS: "because the answer to the same columns changed"}
    told = [
        f"{words[k]}: {_plus(summary[k]['value'])} {between(summary[k].get('interval'), _plus)}"
        for k in words
        if k in summary
    ]
    return "; ".join(told) + "." if told else ""


def _details(quality: dict[str, Any], *, redact: bool) -> str:
    estimators = quality.get("estimators") or {}
    lines = [(f"<code>{text(k)}</code>", precise(v)) for k, v in estimators.items()]
    said = [f"Test: {text(quality['test'], 200)}."]
    plan = quality.get("labels")
    if plan:
        said.append(
            f"Labels: {plan['rows']:,} current rows labelled at random give the {text(plan['of'])} to "
            f"±{number(plan['half_width'])} at {plan['level']:.0%}."
        )
    details = quality.get("details") or {}
    if details.get("classes") and not redact:
        said.append(f"Classes: {', '.join(name(c, 40) for c in details['classes'][:20])}.")
        if details.get("positive") is not None:
            said.append(f"Positive class: {name(details['positive'], 40)}.")
    if details.get("effective") is not None:
        said.append(
            f"Weights that turn the reference into current leave it worth {details['effective']:.0%} of its rows."
        )
    body = (table(("estimator, without labels", "value"), lines, {1}) if lines else "") + items(said)
    return folded("Other estimates, and how this was tested", body)
