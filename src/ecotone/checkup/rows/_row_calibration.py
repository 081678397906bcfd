"""The halves of the reference, and what the calibrating one allows: p-values, the share outside, rows needed."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from ecotone.contracts import Floats, Ints
from ecotone.data import Pair
from ecotone.decide.conformal import needed

from ._row_gate import smallest_pvalue

LEAST = 20  # rows of the reference below which nothing is fitted
_MAX_CALIBRATION = 25_000
_MANY = 10**7
_LOOKS = (0.01, 0.02, 0.05, 0.1, 0.2)  # levels at which the share outside is read off


def halves(pair: Pair, max_fit: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Rows of the reference to fit on and to calibrate with, as a profile set them apart; units stay together."""
    n = pair.reference.n
    apart = pair.calibration
    if apart is not None and pair.units is None and min(apart.sum(), n - apart.sum()) >= LEAST // 2:
        fit, calibrate = (rng.permutation(np.flatnonzero(half)) for half in (~apart, apart))
        return fit[:max_fit], calibrate[:_MAX_CALIBRATION]
    if pair.units is None:
        order = rng.permutation(n)
        half = n // 2
        return order[:half][:max_fit], order[half:][:_MAX_CALIBRATION]
    unit = np.unique(pair.units[0], return_inverse=True)[1]
    place = rng.permutation(unit.max(initial=0) + 1)[unit]
    order = np.argsort(place, kind="stable")
    half = int(np.searchsorted(place[order], np.median(place), side="right")) if n else 0
    fit, calibrate = order[:half], order[half:]
    last = place[calibrate[_MAX_CALIBRATION - 1]] if len(calibrate) > _MAX_CALIBRATION else n
    return rng.permutation(fit)[:max_fit], calibrate[place[calibrate] <= last]


def units_of(pair: Pair, calibrate: Ints) -> Ints | None:
    """Units of calibration and current rows, numbers of the two tables kept apart."""
    if pair.units is None:
        return None
    reference, current = (np.unique(units, return_inverse=True)[1] for units in pair.units)
    return np.concatenate([reference[calibrate], current + reference.max(initial=0) + 1])


def share_outside(each: list[Floats], n: int) -> tuple[float, tuple[float, float]]:
    """Excess of small p-values, read where its lower bound is largest."""
    tail = 0.05 / (2 * len(each) * len(_LOOKS))  # half for the current rows, half for the calibration's luck
    looks = []
    for p in each:
        m = len(p)
        for t in _LOOKS:
            c, k = int(np.sum(p <= t)), max(1, int(t * (n + 1)))
            chance = stats.beta(k, max(n + 1 - k, 1))  # law of the rate given the calibration rows
            low = stats.beta.ppf(tail, c, m - c + 1) if c else 0.0
            high = stats.beta.isf(tail, c + 1, m - c) if c < m else 1.0
            looks.append((_excess(low, chance.isf(tail)), _excess(c / m, k / (n + 1)), _excess(high, chance.ppf(tail))))
    lower, value, upper = max(looks)
    return (value if lower > 0 else 0.0), (max(lower, 0.0), max(upper, 0.0))


def _excess(observed: float, chance: float) -> float:
    """Share s such that a rate observed is s + (1 - s) chance."""
    return float((observed - chance) / (1 - chance))


def fewest(m: int) -> int:
    """Rows that a check should be able to name: 1 %, and five at least."""
    return min(m, max(5, math.ceil(m / 100)))


def rows_needed(n: int, m: int, alpha: float, fdr: float) -> int | None:
    """Calibration rows needed where there are too few to find and name the fewest rows that matter."""
    if m == 0:
        return None
    k = fewest(m)

    def enough(size: int) -> bool:
        return size >= named and smallest_pvalue(size, m, k, 2) <= alpha

    named = needed(m, fdr / 2, k)
    if enough(max(n, 1)):
        return None
    high = max(n, named)
    while not enough(high) and high < _MANY:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
