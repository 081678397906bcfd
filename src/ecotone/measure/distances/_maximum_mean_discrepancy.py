"""Maximum mean discrepancy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, as_seed

from ._pair import centred, check_pair

CARD = Card(
    name="maximum_mean_discrepancy",
    summary="Distance of the mean embeddings under a Gaussian kernel, exact or by random features.",
    contract="Distance",
    title="A Kernel Two-Sample Test",
    authors=("Gretton, Arthur", "Borgwardt, Karsten M.", "Rasch, Malte J.", "Schölkopf, Bernhard", "Smola, Alexander"),
    year=2012,
    venue="Journal of Machine Learning Research 13",
    link="https://jmlr.org/papers/v13/gretton12a.html",
    tier="stable",
)

_BLOCK = 2048  # rows of a kernel block: 2048 x 2048 doubles are 32 MiB
_MEDIAN_ROWS = 1000  # of each sample, for the median distance


def maximum_mean_discrepancy(
    x: Any, y: Any, bandwidth: float | None = None, random_features: int | None = None, seed: int = 0
) -> float:
    r"""Maximum mean discrepancy with a Gaussian kernel (the V-statistic, never negative).

    .. math:: \mathrm{MMD}^2 = \mathbb E\,k(X, X') + \mathbb E\,k(Y, Y') - 2\,\mathbb E\,k(X, Y),
        \qquad k(a, b) = \exp\Bigl(-\frac{\|a - b\|^2}{2 h^2}\Bigr)

    Zero only if both distributions are equal. The value returned is MMD, not its square. By default h is the median
    distance within the pooled sample (of at most 1000 evenly spaced rows of each side). Random Fourier features replace
    the kernel by a product of L cosines and sines: O(n L d) instead of O(n^2 d), with an error of order
    :math:`1/\sqrt L` in the square.

    Parameters
    ----------
    x : (n, d) float array of any array-API library
    y : (m, d) array of the same library, dtype and device
    bandwidth : float, positive, optional
        h, in the unit of ``x``.
    random_features : int, optional
        Number L of frequencies; exact without.
    seed : int
        For the frequencies.

    Returns
    -------
    float
        In [0, sqrt 2].

    Raises
    ------
    BadInput
        For a bandwidth that is not positive, no features, unequal numbers of columns, an empty sample, or a value
        that is not finite.

    References
    ----------
    Gretton et al. (2012), https://jmlr.org/papers/v13/gretton12a.html; features: Rahimi and Recht (2007),
    https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.zeros((3, 1)), np.ones((5, 1))
    >>> round(maximum_mean_discrepancy(x, y, bandwidth=1.0) ** 2, 6)  # 2 - 2 exp(-1/2)
    0.786939
    """
    xp = check_pair(x, y)
    x, y = centred(xp, x, y)
    h = _median_distance(xp, x, y) if bandwidth is None else float(bandwidth)
    if not 0 < h < float("inf"):
        raise BadInput(f"bandwidth must be positive and finite, got {bandwidth!r}")
    if random_features is not None:
        return _by_features(xp, x, y, h, random_features, seed)
    square = _mean_kernel(xp, x, x, h) + _mean_kernel(xp, y, y, h) - 2 * _mean_kernel(xp, x, y, h)
    return float(max(square, 0.0) ** 0.5)


def _by_features(xp: Any, x: Any, y: Any, h: float, count: int, seed: int) -> float:
    if count < 1:
        raise BadInput(f"random_features must be at least 1, got {count!r}")
    omega = xp.asarray(as_seed(seed).standard_normal((x.shape[1], count)) / h, dtype=x.dtype, device=x.device)
    square = 0.0
    for wave in (xp.cos, xp.sin):
        gap = _mean_wave(xp, wave, x, omega) - _mean_wave(xp, wave, y, omega)
        square += float(xp.sum(gap * gap)) / count
    return float(square**0.5)


def _mean_wave(xp: Any, wave: Any, rows: Any, omega: Any) -> Any:
    total = sum(xp.sum(wave(rows[i : i + _BLOCK, :] @ omega), axis=0) for i in range(0, rows.shape[0], _BLOCK))
    return total / rows.shape[0]


def _mean_kernel(xp: Any, a: Any, b: Any, h: float) -> float:
    """Mean kernel over all pairs, in blocks of bounded memory."""
    total = 0.0
    for i in range(0, a.shape[0], _BLOCK):
        for j in range(0, b.shape[0], _BLOCK):
            square = squared_distances(xp, a[i : i + _BLOCK, :], b[j : j + _BLOCK, :])
            total += float(xp.sum(xp.exp(-square / (2 * h * h))))
    return total / float(a.shape[0] * b.shape[0])


def squared_distances(xp: Any, u: Any, v: Any) -> Any:
    """Squared Euclidean distances, shape (n, m), never negative."""
    square = xp.sum(u * u, axis=1)[:, None] + xp.sum(v * v, axis=1)[None, :] - 2 * (u @ v.T)
    return xp.clip(square, 0, None)


def _median_distance(xp: Any, x: Any, y: Any) -> float:
    """Median distance between different pooled rows; the mean where more than half coincide, 1 where all do."""
    parts = []
    for rows in (x, y):
        index = np.unique(np.linspace(0, rows.shape[0] - 1, min(rows.shape[0], _MEDIAN_ROWS)).astype(np.int64))
        parts.append(xp.take(rows, xp.asarray(index, device=rows.device), axis=0))
    pooled = xp.concat(parts, axis=0)
    square = np.asarray(squared_distances(xp, pooled, pooled).tolist())
    upper = np.sqrt(square[np.triu_indices(square.shape[0], 1)])
    return float(np.median(upper)) or float(np.mean(upper)) or 1.0
