"""Sliced Wasserstein distance."""

from __future__ import annotations

from typing import Any

from ecotone.cards import Card
from ecotone.contracts import BadInput, as_seed

from ._pair import check_pair
from ._wasserstein_1d import column_costs

CARD = Card(
    name="sliced_wasserstein",
    summary="Wasserstein distance averaged over projections on random lines.",
    contract="Distance",
    title="Sliced and Radon Wasserstein Barycenters of Measures",
    authors=("Bonneel, Nicolas", "Rabin, Julien", "Peyré, Gabriel", "Pfister, Hanspeter"),
    year=2015,
    venue="Journal of Mathematical Imaging and Vision 51",
    link="https://doi.org/10.1007/s10851-014-0506-3",
)


def sliced_wasserstein(x: Any, y: Any, p: float = 2.0, projections: int = 200, seed: int = 0) -> float:
    r"""Sliced Wasserstein distance of order p.

    .. math:: \mathrm{SW}_p^p = \mathbb E_\theta\, W_p^p(\theta^\top X, \theta^\top Y), \qquad
        \theta \sim \mathcal U(\mathbb S^{d-1})

    by a mean over random directions; each one-dimensional distance is exact. O(L (n + m) (d + log(n + m))).

    Parameters
    ----------
    x : (n, d) float array of any array-API library
    y : (m, d) array of the same library, dtype and device
    p : float, at least 1
    projections : int
        Number L of directions.
    seed : int

    Returns
    -------
    float
        In the unit of ``x``.

    Raises
    ------
    BadInput
        For p below 1, no projections, unequal numbers of columns, an empty sample, or a value that is not finite.

    References
    ----------
    Bonneel et al. (2015), https://doi.org/10.1007/s10851-014-0506-3

    Examples
    --------
    >>> import numpy as np
    >>> sliced_wasserstein(np.zeros((3, 1)), np.full((2, 1), 2.0))
    2.0
    """
    xp = check_pair(x, y)
    if projections < 1:
        raise BadInput(f"projections must be at least 1, got {projections!r}")
    draws = as_seed(seed).standard_normal((x.shape[1], projections))
    draws /= (draws**2).sum(axis=0) ** 0.5
    theta = xp.asarray(draws, dtype=x.dtype, device=x.device)
    return float(float(xp.mean(column_costs(x @ theta, y @ theta, p))) ** (1 / p))
