"""Features at each place of each row, the rows' classes, and how well a score tells two sets apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from ecotone.contracts import Activations, BadInput, Floats


def places_of(acts: Activations, layer: str | None, name: str) -> Tensor:
    """``(n, places, d)``: the features as one place, or the places of a layer's maps."""
    if not isinstance(acts, Activations) or acts.head is None:
        raise BadInput(f"{name} must be Activations with head=(weight, bias) and features or the layer")
    if not len(acts):
        raise BadInput(f"{name} has no rows; give at least one")
    if (layer is None and acts.features is None) or (layer and layer not in acts.layers):
        raise BadInput(f"{name} has no {layer or 'features'}; read it from the network")
    rows = acts.gather("features" if layer is None else f"layers.{layer}").astype(np.float64)
    return torch.as_tensor(rows.reshape(*rows.shape[:2], -1)).transpose(1, 2).contiguous()


def class_of_each(inside: Activations) -> Floats:
    """Labels, or where there are none the largest logits."""
    if inside.labels is None:
        return np.asarray(inside.gather("logits").argmax(1), dtype=np.float64)
    labels = inside.gather("labels")
    if labels.min() < 0:
        raise BadInput("inside has rows without a label (-1); leave them out, or give no labels")
    return np.asarray(labels, dtype=np.float64)


def auroc(score: Any, n: int) -> float:
    """Chance that one of the first n rows has a larger score than one of the others, ties a half."""
    ranks = rankdata(score)
    return float((ranks[:n].mean() - (n + 1) / 2) / (len(ranks) - n))
