"""States of neurons: outputs times slopes of the divergence from uniform, and the bins that they are counted in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats


def bin_edges(size: float) -> Floats:
    """The M edges of the authors' bins of [0, 1], dense about 1/2."""
    if size < 4 or size % 2:
        raise BadInput(f"edges must be even and at least 4, got {size:g}")
    left = np.log(np.linspace(1, np.sqrt(1000), int(size) // 2)) / np.log(1000)
    left[-1] = 0.5  # a state of 0 stands on this edge; rounding must not move it
    return np.concatenate([left, (1 - left[-2:0:-1]), [1.01, 1.2]])


def activation_times_slope(acts: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Output times slope of KL(uniform, p) of each neuron of the named layers, summed over places, each (m, c)."""
    import torch

    lacking = [name for name in names if name not in acts.layers]
    if lacking:
        raise BadInput(f"the network keeps no layer {lacking[0]!r}, only {list(acts.layers)}; read it with layers=")
    outputs = [acts.layers[name] for name in names]
    divergence = -torch.log_softmax(acts.logits.double(), dim=1).mean(1).sum()  # up to a constant
    slopes = torch.autograd.grad(divergence, outputs, allow_unused=True)
    for name, slope in zip(names, slopes, strict=True):
        if slope is None:
            raise BadInput(f"the logits do not depend on layer {name!r}; name layers on the way to them")
    return tuple(_summed(z.double()) * _summed(g.double()) for z, g in zip(outputs, slopes, strict=True))


def _summed(values: Any) -> Any:
    """Over places: maps (m, c, *space) and tokens (m, length, c)."""
    if values.ndim == 3:
        return values.sum(1)
    return values.flatten(2).sum(2) if values.ndim > 3 else values
