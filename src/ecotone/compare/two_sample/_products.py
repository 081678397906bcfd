"""Differences of means of products of scores, by matrix products."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Floats, Ints

from ._minp import contrast, log_two_sided, permuted_min, weighted_min
from ._scores import Design
from ._shuffles import FloatArray, unit_sums

FLOPS = 1.6e10  # that a permutation calibration may cost


@dataclass(frozen=True)
class Sample:
    """Scores at the rows that a family reads."""

    x: FloatArray
    column: Ints
    what: tuple[str, ...]
    unit: Ints | None
    units: tuple[int, int]
    rows: Ints

    @property
    def cap(self) -> float:
        """Products may not exceed this: their mean must stay near normal in the smaller table."""
        smaller = min(self.units)
        balance = 4 * self.units[0] * self.units[1] / sum(self.units) ** 2
        return 1.2 * balance * math.sqrt(smaller)

    def largest(self) -> Floats:
        return np.asarray(np.maximum(self.x.max(0), -self.x.min(0)), dtype=np.float64)


def sample(design: Design, names: frozenset[str], most: int, stream: int) -> Sample:
    """Scores of the named kinds at up to ``most`` rows."""
    rows = design.rows(most, stream)
    whole = len(rows) == sum(design.n)
    x, column, what = design.matrix(names, None if whole else rows)
    unit, units = design.grouping(rows)
    return Sample(x, column, what, unit, units, rows)


def product_sums(s: Sample, factors: tuple[Ints, ...], centre: bool = True) -> FloatArray:
    """(units, k) unit sums of products of columns; without units the products themselves."""
    rows = s.x.T
    out = rows[factors[0]]
    for f in factors[1:]:
        out = out * rows[f]
    if centre:
        out -= out.mean(1, keepdims=True)
    return np.asarray(unit_sums(out.T, s.unit, sum(s.units)))


def product_min(
    design: Design, s: Sample, factors: tuple[Ints, ...], weights: Floats, z: Floats | None
) -> tuple[float, int, Floats]:
    """log p of the smallest weighted p-value over products, where it is, and every z.

    ``z`` is given where it is known without the products; they are then formed only if permutations are affordable.
    """
    count, k = sum(s.units), len(weights)
    weights = weights / weights.sum()
    affordable = 2.0 * count * k * design.draws <= FLOPS and count == sum(design.units) and design.permute
    sums = None
    if affordable or z is None:
        sums = product_sums(s, factors) if k * len(s.rows) <= 2e8 else None
        if sums is None or (s.unit is not None and not affordable and count < 400):
            raise TooLarge
        z = contrast(sums, s.units)
    value, best = weighted_min(log_two_sided(z), weights)
    if affordable and sums is not None:
        value = math.log(permuted_min(sums, s.units, weights, design.batches))
    return value, best, z


class TooLarge(Exception):
    """The products of units do not fit; the family says so and does not run."""


def pair_moments(x: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """(s, s) means of products and of squared products."""
    y = x.T
    square = y * y
    n = x.shape[0]
    return (y @ y.T).astype(np.float64) / n, (square @ square.T).astype(np.float64) / n
