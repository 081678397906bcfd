"""The halves of the reference, and what the calibrating one allows."""

from __future__ import annotations

import math

import numpy as np

from ecotone.contracts import Ints
from ecotone.data import Pair
from ecotone.decide.conformal import calibration_size

from ._global_test import smallest_pvalue

LEAST = 20  # rows of the reference below which nothing is fitted
_MAX_CALIBRATION = 25_000  # p-values down to 1 / 25 001
_MANY = 10**7


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
    place = _places(pair.units[0], rng)
    fit, calibrate = _halved(place)
    last = place[calibrate[_MAX_CALIBRATION - 1]] if len(calibrate) > _MAX_CALIBRATION else n
    return rng.permutation(fit)[:max_fit], calibrate[place[calibrate] <= last]


def halves_of_units(n: int, units: Ints | None, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Two halves of n rows at random, rows of one unit in one half."""
    return _halved(rng.permutation(n) if units is None else _places(units, rng))


def _places(units: Ints, rng: np.random.Generator) -> Ints:
    """The place of each row's unit in a random order of the units."""
    unit = np.unique(units, return_inverse=True)[1]
    return np.asarray(rng.permutation(unit.max(initial=0) + 1)[unit])


def _halved(place: Ints) -> tuple[Ints, Ints]:
    """Rows up to the median place, and the others, by place."""
    order = np.argsort(place, kind="stable")
    half = int(np.searchsorted(place[order], np.median(place), side="right")) if len(place) else 0
    return order[:half], order[half:]


def units_of(pair: Pair, calibrate: Ints) -> Ints | None:
    """Units of calibration and current rows, numbers of the two tables kept apart."""
    if pair.units is None:
        return None
    reference, current = (np.unique(units, return_inverse=True)[1] for units in pair.units)
    return np.concatenate([reference[calibrate], current + reference.max(initial=0) + 1])


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

    named = calibration_size(m, fdr / 2, k)
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
