"""What a loss in the metric calls for: labels where it is not known, weights or retraining where it is."""

from __future__ import annotations

from collections.abc import Iterator

from ecotone.checkup.document import ComparedColumn, Findings
from ecotone.checkup.performance import Attribution, Performance
from ecotone.contracts import AnswersChanged, InputsMoved, LabelsMissing, Retrained

from ._need import Need, numbers_of

LEAST_LABELS = 50  # from which on labels tell more than an estimate


def attributed(found: Findings, model: Performance, change: Attribution) -> Iterator[Need]:
    """With labels: each part of a drop has a remedy of its own."""
    if not model.raised:
        return
    concept, covariate = _lost_by_kind(change, 1.0 if model.greater_is_better else -1.0)
    if covariate > 0.1 * loss(model):
        why = f"{covariate:.3g} of the loss in {model.metric} is there because the inputs moved."
        yield _reweight(found, model, why, covariate)
    if concept > 0.1 * loss(model):
        why = f"{concept:.3g} of the loss in {model.metric} is there because the answer to the same inputs changed."
        yield from _retrain(model, why, concept)


def unlabelled(found: Findings, model: Performance) -> Iterator[Need]:
    """Without labels: weights where the inputs moved to where the model is worse, and labels to know the rest."""
    drop = loss(model)
    moved = sum(1 for c in found.columns if isinstance(c, ComparedColumn) and c.marginal.changed)
    if model.raised:
        why = f"The inputs moved ({moved} columns) to where the model is worse: {model.metric} by {drop:.3g}."
        yield _reweight(found, model, why, drop)
    if found.verdict.material and model.actual is None:
        why = "The tables differ, and no label says whether the answer to the same inputs changed as well."
        yield from labels_wanted(model, why, 1.0)


def labels_wanted(model: Performance, why: str, weight: float) -> Iterator[Need]:
    """Rows to label, if any is left; where the list is shorter than the plan, the list's own half-width is told."""
    listed = model.details.label_rows
    plan = listed or model.labels
    if plan is None or not plan.rows:
        return
    case = LabelsMissing(plan.of, plan.rows, plan.half_width, plan.level)
    yield Need("unknown", why, weight, case, numbers_of(plan), () if listed is None else listed.index)


def measured_well(model: Performance) -> bool:
    """Whether labels tell the metric already."""
    actual = model.actual
    return actual is not None and actual.value is not None and actual.rows >= LEAST_LABELS


def _reweight(found: Findings, model: Performance, why: str, most: float) -> Need:
    rows = found.data.reference.rows_kept
    return Need("covariate", why, 3.0, InputsMoved(model.metric, loss(model), most, model.details.effective, rows))


def _retrain(model: Performance, why: str, lost: float) -> Iterator[Need]:
    found, gain, numbers = model.details.retrain, None, {}
    if found is not None:
        gain = Retrained(found.gain, found.interval, found.labels, found.curve[-1].labels, found.unknown)
        numbers = numbers_of(found, "unknown", "metric", "units", "folds")
    yield Need("concept", why, 3.0, AnswersChanged(model.metric, loss(model), lost, gain), numbers)
    if gain is not None and gain.interval[0] <= 0 and model.details.label_rows is not None:
        yield from labels_wanted(model, f"{gain.labels:,} labels do not show that retraining helps.", 1.4)


def _lost_by_kind(change: Attribution, sign: float) -> tuple[float, float]:
    """Because the answer to the same inputs changed, and because the inputs moved."""
    concept = sum(-sign * value for name, value in change.parts.items() if "y|x" in name)
    return concept, sum(-sign * value for value in change.parts.values()) - concept


def loss(model: Performance) -> float:
    """How much worse the metric has become: positive is worse, in the metric's own unit."""
    now = model.estimate if model.actual is None else model.actual.value
    if now is None or model.reference.value is None:
        return 0.0
    sign = 1.0 if model.greater_is_better else -1.0
    return sign * (model.reference.value - now)
