"""The smallest weighted p-value of many differences of means, calibrated by permutation or by Bonferroni."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ecotone.contracts import Floats

from ._permutation_pvalues import sequential_pvalue

LOG10 = math.log(10)


def log_two_sided(z: NDArray[Any]) -> Floats:
    """Natural logarithm of P(|Z| > |z|), exact far into the tail."""
    logp: Floats = special.log_ndtr(-np.abs(np.asarray(z, dtype=np.float64))) + math.log(2)
    return np.asarray(np.minimum(logp, 0.0))


def contrast(sums: NDArray[Any], units: tuple[int, int]) -> Floats:
    """Standardised difference of each column of ``sums`` (reference's units first), by its permutation variance."""
    total = sum(units)
    mean = sums.mean(0, dtype=np.float64)
    spread = np.einsum("ij,ij->j", sums, sums, dtype=np.float64) - total * mean**2
    sd = np.sqrt(np.maximum(spread, 0) * units[0] * units[1] / (total * max(total - 1, 1)))
    gap = sums[units[0] :].sum(0, dtype=np.float64) - units[1] * mean
    return np.asarray(np.divide(gap, sd, out=np.zeros(len(sd)), where=sd > 1e-9))


def weighted_min(logp: Floats, weights: Floats) -> tuple[float, int]:
    """min log(p_k / w_k) and where; the weights sum to 1, so this is the log of Bonferroni's p-value."""
    value = logp - np.log(weights)
    best = int(np.argmin(value))
    return min(float(value[best]), 0.0), best


def permuted_min(
    sums: NDArray[Any], units: tuple[int, int], weights: Floats, batches: Iterable[NDArray[np.float32]]
) -> float:
    """P-value of the smallest weighted p-value against relabelled units (its permutation test).

    Parameters
    ----------
    sums : (units, k)
    weights : (k,)
        Of few distinct values: within one, the smallest p-value is the largest |z|.
    batches : arrays (draws, units) of 0 and 1
    """
    total = sum(units)
    centred = sums - sums.mean(0, dtype=np.float64).astype(sums.dtype)
    square = np.einsum("ij,ij->j", centred, centred, dtype=np.float64)
    sd = np.sqrt(square * units[0] * units[1] / (total * (total - 1)))
    live = sd > 1e-9
    if not live.any():
        return 1.0
    order = np.flatnonzero(live)[np.argsort(weights[live], kind="stable")]
    scaled = (centred[:, order] / sd[order].astype(sums.dtype)).astype(np.float32, copy=False)
    values, starts = np.unique(weights[order], return_index=True)
    observed = np.abs(scaled[units[0] :].sum(0, dtype=np.float64))
    seen = _classes(observed[None], starts, values)[0]
    # 1e-4: what single precision may lose counts as a tie
    return sequential_pvalue(_classes(np.abs(p @ scaled), starts, values) <= seen + 1e-4 for p in batches)


def _classes(z: NDArray[Any], starts: NDArray[np.int64], weights: Floats) -> Floats:
    largest = np.maximum.reduceat(z, starts, axis=1)
    return np.asarray((log_two_sided(largest) - np.log(weights)).min(1))
