"""Wasserstein distance on the line."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._pair import check_pair

CARD = Card(
    name="wasserstein_1d",
    summary="Exact Wasserstein distance between the margins: the largest over the columns.",
    contract="Distance",
    title="Calculation of the Wasserstein Distance Between Probability Distributions on the Line",
    authors=("Vallender, S. S.",),
    year=1974,
    venue="Theory of Probability and Its Applications 18(4)",
    link="https://doi.org/10.1137/1118101",
    tier="stable",
)


def wasserstein_1d(x: Any, y: Any, p: float = 1.0) -> float:
    r"""Wasserstein distance of order p between samples on the line.

    .. math:: W_p = \Bigl(\int_0^1 |F^{-1}(u) - G^{-1}(u)|^p\,du\Bigr)^{1/p}

    exact for samples of unequal sizes. With more than one column it is the largest over the columns, so that columns
    should share a unit.

    Parameters
    ----------
    x : (n, d) float array of any array-API library
    y : (m, d) array of the same library, dtype and device
    p : float, at least 1

    Returns
    -------
    float
        In the unit of ``x``.

    Raises
    ------
    BadInput
        For p below 1, unequal numbers of columns, an empty sample, or a value that is not finite.

    References
    ----------
    Vallender (1974), https://doi.org/10.1137/1118101

    Examples
    --------
    >>> import numpy as np
    >>> wasserstein_1d(np.array([[0.0], [1.0]]), np.array([[3.0]]))
    2.5
    """
    xp = check_pair(x, y)
    return float(float(xp.max(column_costs(x, y, p))) ** (1 / p))


def column_costs(x: Any, y: Any, p: float) -> Any:
    """``W_p ** p`` for each column, shape (d,)."""
    if not p >= 1:
        raise BadInput(f"p must be at least 1, got {p!r}")
    xp = check_pair(x, y)
    left, right, width = _coupling(x.shape[0], y.shape[0])
    # sort whole columns; quantile functions are constant between the levels of either sample
    a, b = xp.sort(x, axis=0), xp.sort(y, axis=0)
    device = x.device
    gap = xp.abs(
        xp.take(a, xp.asarray(left, device=device), axis=0) - xp.take(b, xp.asarray(right, device=device), axis=0)
    )
    return xp.sum(xp.asarray(width, dtype=x.dtype, device=device)[:, None] * gap**p, axis=0)


def _coupling(n: int, m: int) -> tuple[Any, Any, Any]:
    """Which order statistics meet, and over how much of (0, 1); in whole numbers until the last line."""
    levels = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)  # units of 1 / (n m)
    start = np.concatenate([[0], levels[:-1]])
    return start // m, start // n, (levels - start) / (n * m)
