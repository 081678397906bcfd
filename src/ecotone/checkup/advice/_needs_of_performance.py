"""What a loss in the metric calls for: labels where it is not known, weights or retraining where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecotone.checkup.document import ComparedColumn, Findings
from ecotone.checkup.performance import Attribution, Performance

from ._need import Need, numbers_of

LEAST_LABELS = 50  # from which on labels tell more than an estimate
_EXACT = 1e-6  # half-width that is left where every row is labelled
_LEAST_EFFECTIVE = 0.1  # share of the reference below which weights leave too little to fit on


def attributed(found: Findings, model: Performance, change: Attribution) -> Iterator[Need]:
    """With labels: each part of a drop has a remedy of its own."""
    if not model.raised:
        return
    concept, covariate = _lost_by_kind(change, 1.0 if model.greater_is_better else -1.0)
    if covariate > 0.1 * _drop(model):
        why = f"{covariate:.3g} of the loss in {model.metric} is there because the inputs moved."
        yield _reweight(found, model, why, covariate)
    if concept > 0.1 * _drop(model):
        why = f"{concept:.3g} of the loss in {model.metric} is there because the answer to the same inputs changed."
        yield from _retrain(model, why, concept)


def unlabelled(found: Findings, model: Performance) -> Iterator[Need]:
    """Without labels: weights where the inputs moved to where the model is worse, and labels to know the rest."""
    drop = _drop(model)
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
    expected = f"{plan.rows:,} labels give the {plan.of} to ±{plan.half_width:.2g} at {plan.level:.0%}."
    if plan.half_width < _EXACT:
        expected = f"With the {plan.rows:,} labels that are missing the {plan.of} of these rows is known."
    yield Need("unknown", why, expected, weight, numbers_of(plan), () if listed is None else listed.index)


def measured_well(model: Performance) -> bool:
    """Whether labels tell the metric already."""
    actual = model.actual
    return actual is not None and actual.value is not None and actual.rows >= LEAST_LABELS


def _reweight(found: Findings, model: Performance, why: str, most: float) -> Need:
    """What weights can win back is only bounded from above, so it counts half."""
    share = model.details.effective
    expected = f"Can win back at most {most:.3g} of {model.metric}, as far as the model was too simple"
    numbers: dict[str, Any] = {"at_most": most}
    weight = 3.0 + 0.5 * part_of_loss(most, model)
    if share is not None:
        rows = round(share * found.data.reference.rows_kept)
        numbers |= {"effective_share": share, "effective_rows": rows}
        expected += f"; the weighted reference rows are worth {rows:,} ({share:.0%} of them)"
        if share < _LEAST_EFFECTIVE:
            weight = 1.5
            expected += ", few to fit on"
    return Need("covariate", why, expected + ".", weight, numbers)


def _retrain(model: Performance, why: str, lost: float) -> Iterator[Need]:
    found = model.details.retrain
    if found is None:
        yield Need("concept", why, f"Can win back up to {lost:.3g} of {model.metric}.", 3.0, {"lost": lost})
        return
    low, high = found.interval
    trained = found.curve[-1].labels
    told = f"{found.gain:+.3g} [{low:+.3g}, {high:+.3g}] by cross-validation on {found.labels:,} labelled rows"
    numbers = {"lost": lost, **numbers_of(found, "unknown", "metric", "units", "folds")}
    if low > 0:
        expected = f"Improves {model.metric} by {told}; with {trained:,} labels: at least {low:.3g}."
        if found.unknown:
            expected += f" Not sure: {found.unknown}."
        yield Need("concept", why, expected, 3.0 + part_of_loss(found.gain, model), numbers)
        return
    yield Need("concept", why, f"No gain is shown yet: {told}; more labels may show one.", 1.2, numbers)
    if model.details.label_rows is not None:
        yield from labels_wanted(model, f"{found.labels:,} labels do not show that retraining helps.", 1.4)


def _lost_by_kind(change: Attribution, sign: float) -> tuple[float, float]:
    """Because the answer to the same inputs changed, and because the inputs moved."""
    concept = sum(-sign * value for name, value in change.parts.items() if "y|x" in name)
    return concept, sum(-sign * value for value in change.parts.values()) - concept


def _drop(model: Performance) -> float:
    """How much worse the metric has become: positive is worse, in the metric's own unit."""
    now = model.estimate if model.actual is None else model.actual.value
    if now is None or model.reference.value is None:
        return 0.0
    sign = 1.0 if model.greater_is_better else -1.0
    return sign * (model.reference.value - now)


def part_of_loss(amount: float, model: Performance) -> float:
    """Share of the loss, at most all of it."""
    drop = _drop(model)
    return min(1.0, max(0.0, amount / drop)) if drop > 0 else 0.0
