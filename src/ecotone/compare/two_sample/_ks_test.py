"""Kolmogorov-Smirnov tests of all columns."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import stats

from ecotone.cards import Card
from ecotone.contracts import Bools, Floats, TestResult, as_seed
from ecotone.decide.multiple_testing import holm

from ._permutation_pvalues import upper_pvalue
from ._relabel import Pool, pool

CARD = Card(
    name="ks_test",
    summary="Kolmogorov-Smirnov test of each column, Holm over the columns; it sees margins only.",
    contract="TwoSampleTest",
    title="Table for Estimating the Goodness of Fit of Empirical Distributions",
    authors=("Smirnov, Nikolai",),
    year=1948,
    venue="Annals of Mathematical Statistics 19(2)",
    link="https://doi.org/10.1214/aoms/1177730256",
    tier="stable",
)


def ks_test(
    x: Any, y: Any, *, permutations: int = 999, seed: int = 0, units: tuple[Any, Any] | None = None
) -> TestResult:
    r"""Do the columns of two samples come from the same distributions? By the largest gaps of their functions.

    .. math:: D_j = \sup_t |F_j(t) - G_j(t)|, \qquad p = \min_j \tilde p_j \ \text{(Holm)}

    Without units each :math:`p_j` is the exact or (for large samples) asymptotic one, conservative under ties; with
    units it is a permutation p-value of whole units. A change that leaves every column's distribution alone is not
    seen, at any size. Columns with one value are not tested and do not count.

    Parameters
    ----------
    x : (n, d) array
    y : (m, d) array
    permutations : int
        Used with units only; the smallest p-value of a column is then 1 / (permutations + 1).
    seed : int
    units : ((n,), (m,)) arrays of labels, optional
        Rows of one label are relabelled together; those of a label found in both samples are swapped between them.

    Returns
    -------
    TestResult
        ``effect`` and ``statistic`` are the largest D; ``details["adjusted"]`` holds Holm's p-value of each column,
        None where it has one value.

    Raises
    ------
    BadInput
        For fewer than two rows, NaN, unequal columns, or units that do not fit.

    References
    ----------
    Smirnov (1948), https://doi.org/10.1214/aoms/1177730256; Holm (1979), https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ks_test(rng.standard_normal((50, 2)), rng.standard_normal((50, 2)) + 2).pvalue < 1e-6
    True
    """
    made = pool(x, y, units, permutations)
    columns = np.flatnonzero(made.rows.min(axis=0) < made.rows.max(axis=0))
    a, b = made.rows[made.first], made.rows[~made.first]
    if units is None:
        with warnings.catch_warnings():  # scipy says when it falls back from the exact to the asymptotic distribution
            warnings.simplefilter("ignore", RuntimeWarning)
            found = [stats.ks_2samp(a[:, j], b[:, j]) for j in columns]
        gaps, raw = [float(f.statistic) for f in found], [float(np.clip(f.pvalue, 0, 1)) for f in found]
    else:
        gaps, raw = _by_units(made, columns.tolist(), permutations, as_seed(seed))
    adjusted: list[float | None] = [None] * made.rows.shape[1]
    for j, p in zip(columns, holm(raw), strict=True):
        adjusted[j] = float(p)
    largest = max(gaps, default=0.0)
    return TestResult(
        statistic=largest,
        pvalue=min((p for p in adjusted if p is not None), default=1.0),
        method=CARD.name,
        sizes=made.sizes,
        effect=largest,
        details={"adjusted": adjusted},
    )


def _by_units(
    made: Pool, columns: list[int], permutations: int, rng: np.random.Generator
) -> tuple[list[float], list[float]]:
    """The gap of each column and its permutation p-value; all columns share the relabellings."""

    def gaps(label: Bools) -> Floats:
        return np.array([_gaps(made.rows[:, j], label) for j in columns]).reshape(len(columns), len(label)).T

    values = made.drawn(gaps, permutations, rng)
    return values[0].tolist(), [upper_pvalue(column[0], column[1:]) for column in values.T]


def _gaps(values: Floats, label: Bools) -> Floats:
    """Kolmogorov and Smirnov's distance of one column for each row of labels."""
    order = np.argsort(values, kind="stable")
    last = np.append(np.diff(values[order]) > 0, True)
    first = label[:, order]
    n = first.sum(axis=1, keepdims=True)
    f = np.cumsum(first, axis=1)[:, last] / n
    g = np.cumsum(~first, axis=1)[:, last] / (first.shape[1] - n)
    return np.asarray(np.abs(f - g).max(axis=1), dtype=np.float64)
