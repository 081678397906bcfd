"""What rows that share a level, or stand near each other, add to the variance of the difference of the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Floats, Ints

from ._grouped_sums import Groups, chi2_tail, degrees


@dataclass(frozen=True)
class Excess:
    """Of each score: the p-value of an excess, and the factor of the variance (1: rows may be taken as independent)."""

    pvalue: Floats
    factor: Floats


@dataclass(frozen=True)
class Shared:
    r"""Rows in blocks, and units (by default a row is one) inside the blocks: the excess variance of their means.

    With weights w of 1/n for reference rows and -1/m for current ones, :math:`D_b = \sum_{i \in b} w_i x_i` and
    :math:`d_{ub}` the same over a unit inside the block, what pairs of different units of one block add is

    .. math:: V = \sum_b \Big( D_b^2 - \sum_u d_{ub}^2 \Big),

    of mean 0 for independent units. Pairs of rows of different tables count negatively: a level that recurs in both
    tables in proportion adds nothing, as it adds nothing to the variance of a difference. Its tail is that of
    chi-squared with matching variance and skewness.
    """

    inner: Groups | None
    outer: Groups
    total: Groups | None

    @classmethod
    def of(cls, block: Ints, unit: Ints | None = None) -> Shared:
        """Blocks by number (rows of a negative one stand alone), and units by number."""
        if unit is None:
            return cls(None, Groups.of(block), None)
        numbers = np.where(block < 0, -1, block * (int(unit.max(initial=0)) + 1) + unit)
        inner = Groups.of(np.unique(numbers, return_inverse=True)[1] - int((numbers < 0).any()))
        first = inner.starts if inner.order is None else inner.order[inner.starts]
        return cls(inner, Groups.of(block[first]), Groups.of(unit))

    def excess(self, y: Floats) -> Excess:
        """Of (s, rows) scores times weights."""
        total = y if self.total is None else self.total.sums(y)
        d = y if self.inner is None else self.inner.sums(y)
        square = d**2
        whole, own = self.outer.sums(d), self.outer.sums(square)
        value = (whole**2 - own).sum(1)
        pairs = np.maximum(own**2 - self.outer.sums(square**2), 0.0)
        factor = 1 + value / np.maximum((total**2).sum(1), 1e-300)
        return Excess(chi2_tail(value, pairs.sum(1), degrees(pairs)), factor)

    def joint(self, y: Floats) -> tuple[float, float]:
        r"""P-value and factor of all scores together, each with equal weight.

        The variance of :math:`\sum_s V_s` counts what scores share,
        :math:`2 \sum_b \sum_{s,t} \big( (\sum_u d_{ub}^s d_{ub}^t)^2 - \sum_u (d_{ub}^s d_{ub}^t)^2 \big)`; taking a
        block's scores for one makes the tail heavier than it is.
        """
        total = y if self.total is None else self.total.sums(y)
        y = y / np.sqrt(np.maximum((total**2).sum(1, keepdims=True), 1e-300))
        d = y if self.inner is None else self.inner.sums(y)
        value = float((self.outer.sums(d) ** 2 - self.outer.sums(d**2)).sum())
        pairs = np.zeros((1, self.outer.size))
        for s in range(len(d)):
            product = d[s] * d[s:]
            shared = self.outer.sums(product) ** 2 - self.outer.sums(product**2)
            pairs += 2 * shared.sum(0) - shared[0]
        pairs = np.maximum(pairs, 0.0)
        return float(chi2_tail(np.array([value]), pairs.sum(1), degrees(pairs))[0]), 1 + value / max(len(d), 1)
