"""The report's section on the model: its metric with intervals, by group, and what a change is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from markupsafe import Markup

from ._format import between, ends, number, plain, precise
from ._markup import name, names
from ._model_attribution import attribution
from ._model_words import undefined
from ._templates import render
from ._tracks import Row, tracks

_GROUPS = 20


def model(content: dict[str, Any], *, redact: bool) -> Markup:
    """What the change does to the model, if there is one."""
    quality = content["performance"]
    if quality is None:
        return Markup()
    bound = None if quality.get("unknown") else quality.get("bound")  # what is unknown has no bounds either
    return render(
        "check/model.html", quality=quality, dropped="performance" in content["headline"]["alarms"],
        verdict=_verdict(content, quality), tested=_tested(content, quality),
        intervals=tracks(_intervals(quality, redact=redact)), level=float(quality["reference"].get("level") or 0.9),
        attribution=attribution(quality), bound=between(bound["interval"], precise) if bound else "",
        said=_details(quality, redact=redact),
    )  # fmt: skip


def _verdict(content: dict[str, Any], quality: dict[str, Any]) -> str:
    before, actual, metric = quality["reference"]["value"], quality.get("actual"), quality["metric"]
    if undefined(quality):
        said = [f"{metric} has no value on {'the reference' if before is None else 'the current rows'}: it is 0/0."]
    elif actual:
        now = precise(actual["value"])
        said = [f"With {actual['rows']:,} labels, {metric} went from {precise(before)} to {now}."]
    elif not quality.get("unknown"):
        now = precise(quality["estimate"])
        said = [f"Without labels, {metric} is estimated to go from {precise(before)} to {now}."]
    else:
        said = []
    shown = "performance" in content["headline"]["alarms"] or undefined(quality)
    if not shown and (actual or not quality.get("unknown")):
        said.append("That is not enough to say that the model became worse.")
    if not _tested(content, quality):
        said.append(f"Whether {metric} has become worse cannot be told without labels.")
    return " ".join(said)


def _tested(content: dict[str, Any], quality: dict[str, Any]) -> bool:
    """Whether the p-value is an answer; where the metric is unknown its 1 would read as "no drop"."""
    dropped = "performance" in content["headline"]["alarms"]
    return bool(dropped or quality.get("actual") or not quality.get("unknown"))


def _row(label: str | Markup, entry: dict[str, Any], cls: str, small: str = "") -> Row:
    value, interval = entry["value"], ends(entry.get("interval"))
    if value is None and not interval:
        return Row(label, small=f"undefined: {plain(entry.get('undefined') or 'it is 0/0', 200)}")
    marks = [("line", cls, *interval)] if interval else []
    if value is None:
        return Row(label, marks, between(interval, precise), small)
    return Row(label, [*marks, ("point", cls, value)], f"{precise(value)} {between(interval, precise)}", small)


def _intervals(quality: dict[str, Any], *, redact: bool) -> list[Row]:
    reference, actual = quality["reference"], quality.get("actual")
    rows = [_row("reference", reference, "ref", f"measured, {reference['rows']:,} rows")]
    if actual:
        rows.append(_row("now, measured", actual, "cur", f"{actual['rows']:,} labelled rows"))
        if actual.get("prediction_powered"):
            rows.append(_row("now, labels and predictions", actual["prediction_powered"], "cur", "all current rows"))
    if quality.get("estimate") is not None:
        faint = "cur weak" if quality.get("unknown") else "cur"
        hidden = quality.get("unknown") and ends(quality["interval"])  # a point would be read as the answer
        found = {"value": None if hidden else quality["estimate"], "interval": quality["interval"]}
        rows.append(_row("now, estimated", found, faint, "without current labels"))
    groups = quality.get("groups") or []
    known = [(i, g) for i, g in enumerate(groups, 1) if g.get("estimate") is not None]
    if known:
        rows.append(Row("By group"))
    return rows + [_group(g, f"group {i}" if redact else name(g["name"])) for i, g in known[:_GROUPS]]


def _group(group: dict[str, Any], label: str | Markup) -> Row:
    found = group.get("actual") or {"value": group["estimate"], "interval": group.get("interval")}
    faint = "cur weak" if group.get("unknown") and not group.get("actual") else "cur"
    how = "measured" if group.get("actual") else "unknown" if group.get("unknown") else "estimated"
    row = _row(label, found, faint, f"{how}, {group['rows'][1]:,} rows")
    before = group.get("reference")
    before = before.get("value") if isinstance(before, dict) else before
    return row if before is None else replace(row, marks=[("rule", "ref", before), *row.marks])


def _details(quality: dict[str, Any], *, redact: bool) -> list[str | Markup]:
    said: list[str | Markup] = [f"Test: {plain(quality['test'], 200)}."]
    plan, details = quality.get("labels"), quality.get("details") or {}
    if plan:
        said.append(
            f"Labels: {plan['rows']:,} current rows labelled at random give the {plan['of']} to "
            f"±{number(plan['half_width'])} at {plan['level']:.0%}."
        )
    if details.get("classes") and not redact:
        said.append(Markup("Classes: {}.").format(names(details["classes"][:20], 20, 40)))
        if details.get("positive") is not None:
            said.append(Markup("Positive class: {}.").format(name(details["positive"], 40)))
    if details.get("effective") is not None:
        said.append(
            f"Weights that turn the reference into current leave it worth {details['effective']:.0%} of its rows."
        )
    return said
