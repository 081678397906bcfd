"""The last linear layer of a network."""

from __future__ import annotations

from typing import NamedTuple

from ._bad_input import BadInput
from .arrays import Array, as_array, check_finite


class Head(NamedTuple):
    """The last linear layer: ``logits = features @ weight.T + bias``."""

    weight: Array  # (classes, d)
    bias: Array  # (classes,)


def _as_head(head: Head | tuple[Array, Array]) -> Head:
    if len(head) != 2:
        raise BadInput(f"head must be (weight, bias), got {len(head)} parts")
    weight, bias = (as_array(part) for part in head)
    if len(weight.shape) != 2 or tuple(bias.shape) != (weight.shape[0],):
        raise BadInput(
            f"head needs a weight (classes, d) and a bias (classes,), got {tuple(weight.shape)} and "
            f"{tuple(bias.shape)}; where there is no bias give zeros"
        )
    for name, value in (("head weight", weight), ("head bias", bias)):
        check_finite(name, value)
    return Head(weight, bias)
