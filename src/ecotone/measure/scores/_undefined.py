"""Why a metric is 0/0 on some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ecotone.contracts import Floats

if TYPE_CHECKING:
    from ._soft_sample import SoftSample

_SAME = 1e-13  # of the mean square: a variance below this is rounding


def undefined_of_classes(name: str, sample: SoftSample) -> str | None:
    """The reason in words without names of classes, or None where the metric has a value."""
    labels = sample.mass.sum(axis=0)
    if len(sample.mass) == 0 or labels.sum() <= 0:
        return "there is no labelled row"
    present = int((labels > 0).sum())
    if sample.mass.shape[1] > 2:
        needs_two = name in ("roc_auc", "balanced_accuracy")
        return "its rows are all of one class" if needs_two and present < 2 else None
    if name in ("roc_auc", "balanced_accuracy") and present < 2:
        return "its rows are all of one class"
    if name in ("recall", "f1") and labels[sample.positive] <= 0:
        return "none of its rows is of the positive class"
    weight = sample.mass.sum(axis=1)
    if name == "precision" and weight[sample.predicted == sample.positive].sum() <= 0:
        return "the model predicts the positive class for none of its rows"
    return None


def undefined_of_numbers(name: str, y: Floats, weight: Floats | None = None) -> str | None:
    """The reason in words, or None where the metric has a value."""
    there = np.asarray(y if weight is None else y[weight > 0])
    if len(there) == 0:
        return "there is no labelled row"
    if name == "mape" and (there == 0).any():
        return f"it divides by the target, which is 0 in {int((there == 0).sum()):,} of its rows; use mae"
    if name == "r2" and constant(float(there.mean()), float((there**2).mean())):
        return "the target is the same in all of its rows"
    return None


def constant(mean: float, square: float) -> bool:
    """Whether a variance, from the mean and the mean square, is no more than rounding."""
    return bool(square - mean**2 <= _SAME * square)
