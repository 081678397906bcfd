"""Exact tails of counts drawn without return."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import special

from ecotone.contracts import Floats

from ._minp import log_two_sided


@lru_cache(maxsize=1 << 16)  # columns without ties ask the same few questions again and again
def log_hypergeometric(hits: int, marked: int, drawn: int, total: int) -> float:
    """log of the doubled smaller tail: ``hits`` marked rows among ``drawn`` of ``total`` rows, ``marked`` in all."""
    if 2 * marked > total:  # the rarer rows say whether the tails are normal; the doubled tail is the same
        hits, marked = drawn - hits, total - marked
    if marked * drawn * (total - drawn) > 1e6 * total:  # thousands expected on either side: the tails are normal
        mean = marked * drawn / total
        sd = math.sqrt(mean * (total - marked) / total * (total - drawn) / max(total - 1, 1))
        return float(log_two_sided(np.array((abs(hits - mean) - 0.5) / sd)))
    at = np.arange(max(0, marked + drawn - total), min(marked, drawn) + 1)
    logpmf = (
        special.gammaln(marked + 1) - special.gammaln(at + 1) - special.gammaln(marked - at + 1)
        + special.gammaln(total - marked + 1) - special.gammaln(drawn - at + 1)
        - special.gammaln(total - marked - drawn + at + 1)
    )  # fmt: skip
    low, high = (_log_sum(logpmf[side]) for side in (at <= hits, at >= hits))
    return min(0.0, min(low, high) - _log_sum(logpmf) + math.log(2))


def _log_sum(logs: Floats) -> float:
    """log of a sum of exponentials (scipy's logsumexp without its checks, which cost more than the sum)."""
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))
