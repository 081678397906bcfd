"""How much of a row's activation its largest units hold: what ASH, SCALE and AdaSCALE share."""

from __future__ import annotations

import math
from typing import Any

from array_api_compat import array_namespace

from ecotone.contracts import BadInput

Array = Any


def kept_units(d: int, percentile: float) -> int:
    """``d - round(d percentile / 100)``, halves to even, and at least 1: how many units lie above a percentile."""
    if not 0 <= percentile < 100:
        raise BadInput(f"percentile must lie in [0, 100), got {percentile!r}")
    return max(1, d - round(d * percentile / 100))


def largest(features: Array, k: int) -> Array:
    """The k largest of each row ``(m, k)``, ascending."""
    return array_namespace(features).sort(features, axis=1, stable=False)[:, -k:]


def held_by_top(total: Array, top: Array) -> Array:
    """``total / top`` of ``(m,)`` sums, of all units and of the largest; 1 where the largest sum to nothing or less.

    Held down so far that its exponential leaves room in the precision for features and weights.
    """
    xp = array_namespace(total)
    positive = top > 0
    ratio = xp.where(positive, total, xp.ones_like(total)) / xp.where(positive, top, xp.ones_like(top))
    return xp.clip(ratio, max=0.4 * math.log(float(xp.finfo(total.dtype).max)))
