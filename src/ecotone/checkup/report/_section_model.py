"""The report's section on the model: its metric with intervals, by group, and what a change is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from markupsafe import Markup

from ecotone.checkup.as_json import finite
from ecotone.checkup.document import CheckContent
from ecotone.checkup.performance import Ends, GroupMetric, Measured, Performance
from ecotone.checkup.words import between, ends, number, plain, precise

from ._markup import name, names
from ._model_attribution import attribution
from ._templates import render
from ._tracks import Row, tracks

_GROUPS = 20


def model(content: CheckContent, *, redact: bool) -> Markup:
    """What the change does to the model, if there is one."""
    found = content.performance
    if found is None:
        return Markup()
    dropped = "performance" in content.headline.alarms
    bound = None if found.unknown else found.bound  # what is unknown has no bounds either
    return render(
        "check/model.html", model=found, dropped=dropped, verdict=_verdict(found, dropped=dropped),
        tested=_tested(found, dropped=dropped), intervals=tracks(_intervals(found, redact=redact)),
        level=found.reference.level, attribution=attribution(found),
        bound=between(bound.interval, precise) if bound else "", said=_details(found, redact=redact),
    )  # fmt: skip


def _verdict(model: Performance, *, dropped: bool) -> str:
    before, metric = model.reference.value, model.metric
    said = []
    if model.undefined:
        said = [f"{metric} has no value on {'the reference' if before is None else 'the current rows'}: it is 0/0."]
    elif model.actual is not None:
        now = precise(model.actual.value)
        said = [f"With {model.actual.rows:,} labels, {metric} went from {precise(before)} to {now}."]
    elif not model.unknown:
        now = precise(model.estimate)
        said = [f"Without labels, {metric} is estimated to go from {precise(before)} to {now}."]
    if not (dropped or model.undefined) and (model.actual is not None or not model.unknown):
        said.append("That is not enough to say that the model became worse.")
    if not _tested(model, dropped=dropped):
        said.append(f"Whether {metric} has become worse cannot be told without labels.")
    return " ".join(said)


def _tested(model: Performance, *, dropped: bool) -> bool:
    """Whether the p-value is an answer; where the metric is unknown its 1 would read as "no drop"."""
    return dropped or model.actual is not None or not model.unknown


def _intervals(model: Performance, *, redact: bool) -> list[Row]:
    rows = [_measured("reference", model.reference, "ref", f"measured, {model.reference.rows:,} rows")]
    if (actual := model.actual) is not None:
        rows.append(_measured("now, measured", actual, "cur", f"{actual.rows:,} labelled rows"))
        if (powered := actual.prediction_powered) is not None:
            what = "now, labels and predictions"
            rows.append(_row(what, powered.value, powered.interval, "cur", "all current rows"))
    if model.estimate is not None:
        faint = "cur weak" if model.unknown else "cur"
        hidden = model.unknown and ends(model.interval)  # a point would be read as the answer
        value = None if hidden else model.estimate
        rows.append(_row("now, estimated", value, model.interval, faint, "without current labels"))
    known = [(i, g) for i, g in enumerate(model.groups or (), 1) if g.estimate is not None]
    if known:
        rows.append(Row("By group"))
    return rows + [_group(g, f"group {i}" if redact else name(g.name)) for i, g in known[:_GROUPS]]


def _measured(label: str | Markup, found: Measured, cls: str, small: str) -> Row:
    if found.value is None and not ends(found.interval):
        return Row(label, small=f"undefined: {plain(found.undefined or 'it is 0/0', 200)}")
    return _row(label, found.value, found.interval, cls, small)


def _row(label: str | Markup, value: float | None, interval: Ends | None, cls: str, small: str) -> Row:
    known = ends(interval)
    marks: list[Any] = [("line", cls, *known)] if known else []
    if value is None:
        return Row(label, marks, between(known, precise), small)
    return Row(label, [*marks, ("point", cls, value)], f"{precise(value)} {between(known, precise)}", small)


def _group(group: GroupMetric, label: str | Markup) -> Row:
    faint = "cur weak" if group.unknown and group.actual is None else "cur"
    how = "measured" if group.actual is not None else "unknown" if group.unknown else "estimated"
    small = f"{how}, {group.rows[1]:,} rows"
    if group.actual is not None:
        row = _measured(label, group.actual, faint, small)
    else:
        row = _row(label, group.estimate, group.interval, faint, small)
    before = finite(group.reference)
    return row if before is None else replace(row, marks=[("rule", "ref", before), *row.marks])


def _details(model: Performance, *, redact: bool) -> list[str | Markup]:
    said: list[str | Markup] = [f"Test: {plain(model.test, 200)}."]
    plan, details = model.labels, model.details
    if plan is not None:
        said.append(
            f"Labels: {plan.rows:,} current rows labelled at random give the {plan.of} to "
            f"±{number(plan.half_width)} at {plan.level:.0%}."
        )
    if details.classes and not redact:
        said.append(Markup("Classes: {}.").format(names(details.classes[:20], 20, 40)))
        if details.positive is not None:
            said.append(Markup("Positive class: {}.").format(name(details.positive, 40)))
    if details.effective is not None:
        said.append(f"Weights that turn the reference into current leave it worth {details.effective:.0%} of its rows.")
    return said
