"""Latents, labels and predictions, from arrays or from activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import Activations, BadInput, Floats, Ints, as_matrix


def latents_of(given: Any, name: str) -> Floats:
    """Rows ``(n, d)``: an array, or the features of activations."""
    if isinstance(given, Activations):
        if given.features is None:
            raise BadInput(f"{name} has no features; give features=, or the latents as an array")
        given = given.gather("features")
    x = as_matrix(given, name)
    if name == "reference" and len(x) < 2:
        raise BadInput(f"reference has {len(x)} row; give at least two")
    return x


def labels_of(held_out: Any, labels: Any) -> Any:
    """Labels given, or those of activations."""
    if labels is None and isinstance(held_out, Activations) and held_out.labels is not None:
        return held_out.gather("labels")
    return labels


def predicted_of(given: Any, predictions: Any) -> Any:
    """Predictions given, or the largest logits of activations."""
    if predictions is None and isinstance(given, Activations) and given.logits is not None:
        return given.gather("logits").argmax(1)
    return predictions


def classes_of(values: Any, n: int, name: str) -> Ints:
    """Positions of classes, ``(n,)``."""
    if values is None:
        raise BadInput(f"{name} are missing; give the position of a class for each row")
    found = np.asarray(values)
    if found.shape != (n,) or not np.issubdtype(found.dtype, np.integer):
        raise BadInput(f"{name} must be {n} integers, positions of classes; got {found.dtype} of shape {found.shape}")
    if found.min() < 0:
        raise BadInput(f"{name} has {found.min()}; positions of classes start at 0, leave unlabelled rows out")
    return found.astype(np.int64)
