"""Whole numbers of any size, and decimals, as exact steps of a lattice that float64 holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Bools, Floats

EXACT = 2**53  # beyond it not every whole number is a float
_FEW = 8  # fewer different values may share a step by chance
_DIGITS = 9

Whole = NDArray[Any]
"""(n,) int64 or uint64, or Python's integers where they do not fit."""


@dataclass(frozen=True)
class Lattice:
    """Values ``(origin + step * k) / 10**digits`` for whole k.

    Parameters
    ----------
    origin, step : int
    digits : int
        Decimal places.
    coarse : bool
        Whether values are rounded to the lattice: times over too long a range for their unit.
    """

    origin: int = 0
    step: int = 1
    digits: int = 0
    coarse: bool = False

    def steps(self, whole: Whole, gone: Bools) -> Floats:
        """(n,) float64 k, a broken number between the points, NaN where ``gone``."""
        offsets = _offsets(whole, self.origin)
        if self.step >= 2**63:
            offsets = offsets.astype(object)
        part, rest = offsets // self.step, offsets % self.step
        k = part.astype(np.float64) + (rest / self.step).astype(np.float64)
        return np.asarray(np.where(gone, np.nan, np.rint(k) if self.coarse else k))

    def whole(self, steps: Floats, low: int, high: int) -> Whole:
        """(n,) the whole numbers at steps, within ``low`` and ``high``; 0 where a step is NaN."""
        gone = np.isnan(steps)
        k = np.rint(np.where(gone, 0, steps))
        reach = 2.0**62 / self.step
        if self.origin == 0 and self.step < 2**62 and bool(np.all(np.abs(k) < reach)):
            exact = k.astype(np.int64) * self.step
            return np.where(gone, 0, np.clip(exact, max(low, -(2**63)), min(high, 2**63 - 1)))
        far = float(2**1000)
        found = [min(max(self.origin + self.step * int(v), low), high) for v in np.clip(k, -far, far)]
        return np.where(gone, 0, np.array(found, dtype=object))


def _offsets(whole: Whole, origin: int) -> Whole:
    """``whole - origin``, exact: int64, or Python's integers where they do not fit."""
    if not len(whole):
        return np.zeros(0, np.int64)
    low, high = int(whole.min()) - origin, int(whole.max()) - origin
    if whole.dtype == object or not -(2**63) <= low <= high < 2**63:
        made = [int(v) - origin for v in whole]
        return np.array(made, np.int64 if -(2**63) <= low <= high < 2**63 else object)
    wrapped = whole.astype(np.uint64) - np.uint64(origin % 2**64)  # modulo 2**64, as the difference fits
    return wrapped.astype(np.int64)


def fit_lattice(whole: Whole, digits: int = 0, *, coarse: bool = False) -> Lattice | None:
    """The lattice of a column's values, without gaps; None where they reach too far for exact steps."""
    low, high = int(whole.min()), int(whole.max())
    offsets = _offsets(whole, low)
    step = int(np.gcd.reduce(offsets)) if offsets.dtype != object else math.gcd(*map(int, offsets))
    shared = math.gcd(step, abs(low))
    near = max(abs(low), abs(high)) < EXACT * max(shared, 1)
    if low == high:
        return Lattice(0 if near and abs(low) < EXACT else low, 1, digits)
    if near and (step == shared or len(np.unique(offsets)) < _FEW):
        return Lattice(0, shared, digits)
    if (high - low) // step < EXACT:
        return Lattice(low, step, digits)
    return Lattice(low, step * -(-(high - low) // (step * (EXACT // 2))), digits, coarse=True) if coarse else None


def decimal_places(x: Floats, precision: float) -> int | None:
    """The fewest decimal places, at most 9, that all of ``x`` are written with to a type's ``precision``; else None."""
    values = np.unique(x)
    largest = float(np.abs(values).max(initial=0.0))
    for digits in range(_DIGITS + 1):
        if not largest * 10.0**digits * 16 * precision < 0.1:
            return None
        scaled = values * 10.0**digits
        if bool(np.all(np.abs(scaled - np.rint(scaled)) <= 8 * precision * np.abs(scaled))):
            return digits
    return None


def on_grid(x: Floats, digits: int, precision: float) -> tuple[Floats, Bools]:
    """``x`` in units of its last decimal place ``(n,)``, and which of them are whole."""
    with np.errstate(over="ignore"):
        scaled = x * 10.0**digits
    with np.errstate(invalid="ignore"):  # infinity is not whole
        whole = np.abs(scaled - np.rint(scaled)) <= 8 * precision * np.abs(scaled)
    return np.where(whole, np.rint(scaled), scaled), whole
