"""Energy test of two samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from ecotone.cards import Card
from ecotone.contracts import Bools, Floats, TestResult, as_seed

from ._permutation_pvalues import upper_pvalue
from ._relabel import pool, standardised, within_and_between

CARD = Card(
    name="energy_test",
    summary="Energy distance with its permutation p-value: strong on many small changes.",
    contract="TwoSampleTest",
    title="On a new multivariate two-sample test",
    authors=("Baringhaus, Ludwig", "Franz, Carsten"),
    year=2004,
    venue="Journal of Multivariate Analysis 88(1)",
    link="https://doi.org/10.1016/S0047-259X(03)00079-4",
    tier="stable",
)


def energy_test(
    x: Any,
    y: Any,
    *,
    permutations: int = 999,
    seed: int = 0,
    units: tuple[Any, Any] | None = None,
    standardise: bool = True,
    max_rows: int | None = 2000,
) -> TestResult:
    r"""Do two samples come from one distribution? By the energy distance.

    .. math:: T = \frac{nm}{n+m}\Bigl(2\,\overline{\|x_i - y_j\|} - \overline{\|x_i - x_j\|}
        - \overline{\|y_i - y_j\|}\Bigr)

    compared with its values under random relabellings of the rows: exact at any size, in any dimension.

    Parameters
    ----------
    x : (n, d) array
    y : (m, d) array
    permutations : int
        The smallest possible p-value is 1 / (permutations + 1).
    seed : int
    units : ((n,), (m,)) arrays of labels, optional
        Rows of one label are relabelled together; those of a label found in both samples are swapped between them.
    standardise : bool
        Divide each column by its pooled standard deviation.
    max_rows : int or None
        Larger samples are thinned to so many rows each, at random.

    Returns
    -------
    TestResult
        ``effect`` is the energy distance, in pooled standard deviations if standardised.

    Raises
    ------
    BadInput
        For fewer than two rows, NaN, unequal columns, or units that do not fit.

    References
    ----------
    Baringhaus and Franz (2004), https://doi.org/10.1016/S0047-259X(03)00079-4

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> energy_test(rng.standard_normal((50, 2)), rng.standard_normal((50, 2)) + 1).pvalue
    0.001
    """
    whole = pool(x, y, units, permutations)
    rng = as_seed(seed)
    part = whole.thinned(max_rows, rng)
    rows = standardised(part.rows) if standardise else part.rows
    distances = cdist(rows, rows)
    energy, values = part.drawn(lambda label: _energy(distances, label), permutations, rng).T
    return TestResult(
        statistic=float(values[0]),
        pvalue=upper_pvalue(values[0], values[1:]),
        method=CARD.name,
        sizes=whole.sizes,
        effect=float(energy[0]),
        details={"permutations": len(values) - 1, "rows_used": list(part.sizes)},
    )


def _energy(distances: Floats, label: Bools) -> Floats:
    """(b, 2) energy distance and the scaled statistic for each row of labels."""
    xx, yy, xy = within_and_between(distances, label)
    energy = 2 * xy - xx - yy
    n = label.sum(axis=1)
    return np.stack([energy, energy * n * (label.shape[1] - n) / label.shape[1]], axis=1)
