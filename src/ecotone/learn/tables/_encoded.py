"""Rows of one column as a model reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Floats, Ints

CONTINUOUS = -1
"""Token of a value that the column can not have: its probability is 0."""


@dataclass(frozen=True)
class Encoded:
    """A column's rows.

    Parameters
    ----------
    token : (n,) int64
        0 is missing; :data:`CONTINUOUS` is a value of probability 0.
    z : (n,) float64
        Normal scores of numbers, 0 elsewhere.
    low, high : (n,) float64
        Normal scores at the ends of the value's cell, on a lattice.
    log_rate : (n,) float64
        Log of dz/dx times the inverse normal density: what turns a density in z over the normal one into one in x.
    """

    token: Ints
    z: Floats
    low: Floats
    high: Floats
    log_rate: Floats

    @classmethod
    def of_tokens(cls, token: Ints) -> Encoded:
        """Of a column without numbers."""
        zero = np.zeros(len(token))
        return cls(token, zero, zero, zero, zero)

    def packed(self) -> Floats:
        """(n, 5) float64."""
        return np.column_stack([self.token.astype(np.float64), self.z, self.low, self.high, self.log_rate])
