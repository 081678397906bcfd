"""Sums of scores over groups of rows, and the tail of a weighted sum of squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from ecotone.contracts import Floats, Ints


@dataclass(frozen=True)
class Groups:
    """A partition of some rows: sums over its groups by one pass over rows in the order of the groups.

    Parameters
    ----------
    order : (rows,) int64 or None
        Rows group by group; None where they stand so already.
    starts, which : (held,) int64
        Where each group that has rows begins, and its number.
    size : int
        Number of groups, with or without rows.
    """

    order: Ints | None
    starts: Ints
    which: Ints
    size: int

    @classmethod
    def of(cls, number: Ints, size: int | None = None) -> Groups:
        """Groups from each row's group number; rows of a negative one are left out."""
        order: Ints | None = None
        if len(number) and (number.min() < 0 or (np.diff(number) < 0).any()):
            order = np.argsort(number, kind="stable")
            order = order[np.searchsorted(number[order], 0) :]
        ordered = number if order is None else number[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        which = ordered[starts]
        return cls(order, starts, which, int(which[-1]) + 1 if size is None and len(which) else size or 0)

    @property
    def plain(self) -> bool:
        """Whether every row is a group of its own."""
        rows = self.size if self.order is None else len(self.order)
        return self.order is None and len(self.starts) == self.size == rows

    def sums(self, values: Floats) -> Floats:
        """(s, size) sums of (s, rows) values over the groups."""
        if self.order is not None:
            values = values[:, self.order]
        if not len(self.starts):
            return np.zeros((len(values), self.size), values.dtype)
        if len(self.starts) == values.shape[1] == self.size:
            return values
        found = np.add.reduceat(values, self.starts, axis=1)
        if len(self.starts) == self.size:
            return np.asarray(found)
        out = np.zeros((len(values), self.size), values.dtype)
        out[:, self.which] = found
        return out


def chi2_tail(excess: Floats, half: Floats, df: Floats) -> Floats:
    """P-values of sums of squares less their means: chi-squared with ``df`` degrees of freedom, moved and scaled.

    ``half`` is half the variance; where there is none, nothing can be said and the p-value is 1.
    """
    df = np.maximum(df, 1e-3)
    there = half > 1e-200
    z = np.divide(excess, np.sqrt(2 * half), out=np.zeros(np.broadcast(excess, half).shape), where=there)
    return np.where(there, special.chdtrc(df, np.maximum(df + z * np.sqrt(2 * df), 0.0)), 1.0)


def degrees(pairs: Floats) -> Floats:
    """(s,) degrees of freedom whose chi-squared is as skew as a sum of (s, blocks) squares of these variances."""
    top = pairs.max(1, initial=0.0)
    ratio = pairs / np.where(top > 0, top, 1.0)[:, None]
    return np.asarray(ratio.sum(1) ** 3 / np.maximum((ratio**1.5).sum(1), 1e-12) ** 2)


def without_means(x: Floats, groups: Groups) -> Floats:
    """(s, rows) values less the mean of each row's group."""
    order = np.arange(x.shape[1]) if groups.order is None else groups.order
    sizes = np.diff(np.append(groups.starts, len(order)))
    means = groups.sums(x)[:, groups.which] / sizes
    out = x.copy()
    out[:, order] -= np.repeat(means, sizes, axis=1)
    return out
