"""What a loss in the metric calls for: labels where it is not known, weights or retraining where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._need import Need

LEAST_LABELS = 50  # from which on labels tell more than an estimate
_EXACT = 1e-6  # half-width that is left where every row is labelled
_LEAST_EFFECTIVE = 0.1  # share of the reference below which weights leave too little to fit on


def attributed(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    """With labels: each part of a drop has a remedy of its own."""
    if not quality["raised"]:
        return
    lost = _lost_by_kind(quality, 1.0 if quality["greater_is_better"] else -1.0)
    if lost["covariate"] > 0.1 * _drop(quality):
        why = f"{lost['covariate']:.3g} of the loss in {quality['metric']} is there because the inputs moved."
        yield _reweight(content, quality, why, lost["covariate"])
    if lost["concept"] > 0.1 * _drop(quality):
        why = (
            f"{lost['concept']:.3g} of the loss in {quality['metric']} is there because the answer to the same "
            "inputs changed."
        )
        yield from _retrain(quality, why, lost["concept"])


def unlabelled(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    drop = _drop(quality)
    moved = sum(1 for c in content["columns"] if c["marginal"] and c["marginal"]["changed"])
    if quality["raised"]:
        why = f"The inputs moved ({moved} columns) to where the model is worse: {quality['metric']} by {drop:.3g}."
        yield _reweight(content, quality, why, drop)
    if content["verdict"]["material"] and not quality["actual"]:
        why = "The tables differ, and no label says whether the answer to the same inputs changed as well."
        yield from labels_wanted(quality, why, 1.0)


def labels_wanted(quality: dict[str, Any], why: str, weight: float) -> Iterator[Need]:
    """Rows to label, if any is left; where the list is shorter than the plan, the list's own half-width is told."""
    plan = quality["details"].get("label_rows") or quality["labels"]
    if not plan or not plan["rows"]:
        return
    expected = f"{plan['rows']:,} labels give the {plan['of']} to ±{plan['half_width']:.2g} at {plan['level']:.0%}."
    if plan["half_width"] < _EXACT:
        expected = f"With the {plan['rows']:,} labels that are missing the {plan['of']} of these rows is known."
    yield Need("unknown", why, expected, weight, dict(plan))


def measured_well(quality: dict[str, Any]) -> bool:
    """Whether labels tell the metric already."""
    actual = quality["actual"]
    return bool(actual and actual["value"] is not None and actual.get("rows", 0) >= LEAST_LABELS)


def _reweight(content: dict[str, Any], quality: dict[str, Any], why: str, most: float) -> Need:
    """What weights can win back is only bounded from above, so it counts half."""
    share = quality["details"].get("effective")
    expected = f"Can win back at most {most:.3g} of {quality['metric']}, as far as the model was too simple"
    numbers: dict[str, Any] = {"at_most": most}
    weight = 3.0 + 0.5 * part_of_loss(most, quality)
    if share is not None:
        rows = round(share * content["data"]["reference"]["rows_kept"])
        numbers |= {"effective_share": share, "effective_rows": rows}
        expected += f"; the weighted reference rows are worth {rows:,} ({share:.0%} of them)"
        if share < _LEAST_EFFECTIVE:
            weight = 1.5
            expected += ", few to fit on"
    return Need("covariate", why, expected + ".", weight, numbers)


def _retrain(quality: dict[str, Any], why: str, lost: float) -> Iterator[Need]:
    found = quality["details"].get("retrain")
    if found is None:
        yield Need("concept", why, f"Can win back up to {lost:.3g} of {quality['metric']}.", 3.0, {"lost": lost})
        return
    low, high = found["interval"]
    trained = found["curve"][-1]["labels"]
    told = f"{found['gain']:+.3g} [{low:+.3g}, {high:+.3g}] by cross-validation on {found['labels']:,} labelled rows"
    numbers = {"lost": lost, **{k: found[k] for k in ("gain", "interval", "present", "retrained", "labels", "curve")}}
    if low > 0:
        expected = f"Improves {quality['metric']} by {told}; with {trained:,} labels: at least {low:.3g}."
        if found["unknown"]:
            expected += f" Not sure: {found['unknown']}."
        yield Need("concept", why, expected, 3.0 + part_of_loss(found["gain"], quality), numbers)
        return
    yield Need("concept", why, f"No gain is shown yet: {told}; more labels may show one.", 1.2, numbers)
    if "label_rows" in quality["details"]:
        yield from labels_wanted(quality, f"{found['labels']:,} labels do not show that retraining helps.", 1.4)


def _lost_by_kind(quality: dict[str, Any], sign: float) -> dict[str, float]:
    parts = quality["attribution"]["parts"]
    concept = sum(-sign * value for name, value in parts.items() if "y|x" in name)
    return {"concept": concept, "covariate": sum(-sign * value for value in parts.values()) - concept}


def _drop(quality: dict[str, Any]) -> float:
    """How much worse the metric has become: positive is worse, in the metric's own unit."""
    now = quality["actual"]["value"] if quality["actual"] else quality["estimate"]
    if now is None or quality["reference"]["value"] is None:
        return 0.0
    sign = 1.0 if quality["greater_is_better"] else -1.0
    return float(sign * (quality["reference"]["value"] - now))


def part_of_loss(amount: float, quality: dict[str, Any]) -> float:
    """Share of the loss, at most all of it."""
    drop = _drop(quality)
    return min(1.0, max(0.0, amount / drop)) if drop > 0 else 0.0
