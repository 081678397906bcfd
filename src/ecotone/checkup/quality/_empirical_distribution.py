"""The values of one column of one table, sorted: every row, or a sketch in which a value stands for several."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecotone.contracts import Floats


@dataclass(frozen=True)
class EmpiricalDistribution:
    """Sorted finite values with the rows that each stands for.

    Parameters
    ----------
    values : (k,) float64
        Rising.
    weights : (k,) float64 or None
        Rows that each value stands for; None: one each.

    Examples
    --------
    >>> distribution = EmpiricalDistribution(np.array([1.0, 2.0, 2.0, 9.0]))
    >>> distribution.rows, distribution.median, distribution.above(2.0), distribution.equal(2.0)
    (4.0, 2.0, 1.0, 2.0)
    """

    values: Floats
    weights: Floats | None = None

    @cached_property
    def _upto(self) -> Floats:
        """(k + 1,) rows among the first so many values."""
        if self.weights is None:
            return np.arange(len(self.values) + 1, dtype=np.float64)
        return np.concatenate([[0.0], np.cumsum(self.weights)])

    @property
    def sketched(self) -> bool:
        """Whether counts and the median are estimates."""
        return self.weights is not None and bool((self.weights > 1).any())

    @property
    def rows(self) -> float:
        return float(self._upto[-1])

    @property
    def median(self) -> float:
        """The middle value; of two, their mean. NaN without values."""
        half = 0.5 * self.rows
        if not half:
            return float("nan")
        low = int(np.searchsorted(self._upto[1:], half - 1e-9))
        high = int(np.searchsorted(self._upto[1:], half + 1e-9))
        a, b = (float(self.values[min(at, len(self.values) - 1)]) for at in (low, high))
        return a if a == b else 0.5 * a + 0.5 * b

    def above(self, x: float) -> float:
        """Rows with a larger value."""
        return self.rows - float(self._upto[np.searchsorted(self.values, x, side="right")])

    def below(self, x: float) -> float:
        """Rows with a smaller value."""
        return float(self._upto[np.searchsorted(self.values, x, side="left")])

    def equal(self, x: float) -> float:
        """Rows with this value."""
        return self.rows - self.above(x) - self.below(x)

    def mirrored(self) -> EmpiricalDistribution:
        """The same values with the other sign."""
        return EmpiricalDistribution(-self.values[::-1], None if self.weights is None else self.weights[::-1])

    def top(self, rows: float) -> tuple[Floats, Floats]:
        """The largest values that so many rows hold, falling, and the rows of each."""
        first = int(np.searchsorted(self._upto, self.rows - rows, side="right")) - 1
        values = self.values[max(first, 0) :][::-1]
        weights = np.ones(len(values)) if self.weights is None else self.weights[max(first, 0) :][::-1]
        return values, weights

    def distance(self, other: EmpiricalDistribution) -> float:
        """Largest difference of the two distribution functions (Kolmogorov-Smirnov); 1 where one is empty."""
        if not self.rows or not other.rows:
            return 1.0
        points = np.concatenate([self.values, other.values])
        shares = [
            distribution._upto[np.searchsorted(distribution.values, points, side="right")] / distribution.rows
            for distribution in (self, other)
        ]
        return float(np.abs(shares[0] - shares[1]).max())
