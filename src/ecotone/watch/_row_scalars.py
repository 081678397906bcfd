"""Numbers about a whole row that are watched beside its columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from ecotone.contracts import Floats
from ecotone.data import Encoded

#: In the order of :meth:`RowScalars.of_rows`' columns.
SCALARS = ("sum of scores", "distance", "missing values", "unseen levels")
_KNOTS = 101
_FAR = 4.0  # normal scores beyond the reference's ends


@dataclass(frozen=True)
class RowScalars:
    """Sum of normal scores, Mahalanobis distance, number of missing values and of unseen levels of a row.

    The sum sees a shift of all columns that is too small in each; the distance rows that lie far off. Both are fixed
    beforehand on rows that are not ranked later: the first half of a reference.

    Parameters
    ----------
    knots : (d, 101) float64
        Quantiles of the columns.
    precision : (d, d) float64
        Inverse of the shrunk covariance of normal scores.
    """

    knots: Floats
    precision: Floats

    @classmethod
    def of(cls, values: Floats) -> RowScalars:
        """From rows ``(n, d)``; infinite values stand for missing ones."""
        finite = np.where(np.isfinite(values), values, np.nan)
        middle = np.linspace(0, 1, _KNOTS)
        knots = np.stack([_quantiles(finite[:, j], middle) for j in range(values.shape[1])])
        z = _scores(values, knots)
        n, d = z.shape
        covariance = np.cov(z, rowvar=False).reshape(d, d) if n > 1 else np.eye(d)
        shrink = d / (d + n)  # towards the identity, which normal scores would have if they were independent
        return cls(knots, np.linalg.pinv((1 - shrink) * covariance + shrink * np.eye(d)))

    def of_rows(self, batch: Encoded) -> Floats:
        """(t, 4) of a batch."""
        z = _scores(batch.values, self.knots)
        distance = np.einsum("ij,ij->i", z @ self.precision, z)
        return np.column_stack([z.sum(1), distance, batch.missing, batch.unseen]).astype(np.float64)


def _quantiles(values: Floats, at: Floats) -> Floats:
    present = values[~np.isnan(values)]
    return np.quantile(present, at) if len(present) else np.zeros(len(at))


def _scores(values: Floats, knots: Floats) -> Floats:
    """Normal scores by the quantiles, the middle of those that are equal; 0 where a value is missing."""
    z = np.zeros(values.shape)
    for j, k in enumerate(knots):
        x = values[:, j]
        u = (np.searchsorted(k, x, "left") + np.searchsorted(k, x, "right")) / (2 * _KNOTS)
        z[:, j] = np.where(np.isfinite(x), np.clip(special.ndtri(np.clip(u, 1e-9, 1 - 1e-9)), -_FAR, _FAR), 0.0)
    return z
