"""Does the order of the rows matter? By the index gaps of nearest neighbours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats, Ints, TestResult, as_matrix, as_seed
from ecotone.measure import nearest_neighbours

from ._permutation_pvalues import as_draws, upper_pvalue

CARD = Card(
    name="knn_non_iid_test",
    summary="Are rows that are alike also close in the table? Drift, autocorrelation and blocks in the row order.",
    contract="OrderTest",
    title="Detecting Dataset Drift and Non-IID Sampling via k-Nearest Neighbors",
    authors=("Cummings, Jesse", "Snorrason, Elías", "Mueller, Jonas"),
    year=2023,
    venue="ICML Workshop on Data-centric Machine Learning Research",
    link="https://arxiv.org/abs/2305.15696",
    row=528,
    tier="method",
    claim="Over drift, autocorrelation and contiguous blocks in the row order its power exceeds that of "
    "single-changepoint tests of the two halves (KS, MMD) at the same null rate.",
)

_HIGH_DIMENSION = 3  # more columns than this: cosine distance, as in the authors' code
_BLOCK = 256  # rows scored at once


def knn_non_iid_test(
    x: Any,
    *,
    k: int = 10,
    permutations: int = 999,
    seed: int = 0,
    metric: Literal["auto", "euclidean", "cosine"] = "auto",
) -> TestResult:
    r"""Are the rows, in their order, independent draws from one distribution?

    On the graph of k nearest neighbours let F be the distribution function of the index gaps :math:`|i - j|` over all
    neighbour pairs, and B that over all pairs, :math:`B(g) = \sum_{h \le g} (n - h) / \binom n2`. Then

    .. math:: D = \max_g |F(g) - B(g)|

    is compared with its values under random orders of the rows, the graph kept. Ties of distance are broken at random,
    never by row order, so the p-value is exact: :math:`(1 + \#\{D_b \ge D\}) / (1 + B)`; if there are no more than
    ``permutations`` other orders they are all taken. (The authors' code smooths 25 permuted values with a kernel, which
    has no exact level.) A *regular* alternation of two distributions (ABAB...) leaves the gaps as under independence:
    it is not seen.

    Parameters
    ----------
    x : (n, d) array, n >= 3
        Rows in the order to be tested; scale columns of different units first.
    k : int
        Below n.
    permutations : int
    seed : int
    metric : {"auto", "euclidean", "cosine"}
        ``auto``: cosine above three columns, Euclidean otherwise, as in the authors' code.

    Returns
    -------
    TestResult
        ``statistic`` and ``effect`` are D, in [0, 1].

    Raises
    ------
    BadInput
        For k out of range, no permutations, fewer than three rows, or a value that is not finite.

    References
    ----------
    Cummings, Snorrason and Mueller (2023), https://arxiv.org/abs/2305.15696

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> knn_non_iid_test(rng.standard_normal((200, 2)) + np.linspace(0, 2, 200)[:, None]).pvalue
    0.001
    """
    draws = as_draws(permutations)
    rng = as_seed(seed)
    graph = _graph(x, k, metric, rng)
    n = graph.shape[0]
    observed = _largest_gap(graph, np.arange(n))
    every = n < 13 and math.factorial(n) - 1 <= draws
    orders: Iterable[Any] = (
        (np.array(order) for order in itertools.islice(itertools.permutations(range(n)), 1, None))  # that of the rows
        if every
        else (rng.permutation(n) for _ in range(draws))
    )
    null = np.fromiter((_largest_gap(graph, order) for order in orders), dtype=np.float64)
    return TestResult(
        statistic=observed,
        pvalue=upper_pvalue(observed, null),
        method=CARD.name,
        sizes=(n,),
        effect=observed,
        details={"k": int(k), "orders": int(null.size), "exhaustive": every},
    )


def knn_non_iid_scores(
    x: Any, *, k: int = 10, seed: int = 0, metric: Literal["auto", "euclidean", "cosine"] = "auto"
) -> Floats:
    r"""How well each row's neighbours are spread over the table; low is bad.

    .. math:: s_i = 1 + \tanh\Bigl(-\frac{1}{\max(i, n - i)} \sum_g |F_i(g) - B_i(g)|\Bigr)

    with :math:`F_i` the distribution function of the index gaps to the k neighbours of row i (from 0), and
    :math:`B_i` that of its gaps to all other rows. A description, without an error rate.

    Parameters
    ----------
    x : (n, d) array, n >= 3
    k, seed, metric
        As in :func:`knn_non_iid_test`.

    Returns
    -------
    (n,) array in (0, 1]

    Raises
    ------
    BadInput
        As :func:`knn_non_iid_test`.

    Examples
    --------
    >>> x = np.repeat([0.0, 9.0], 50) + np.random.default_rng(0).standard_normal(100)
    >>> scores = knn_non_iid_scores(x)
    >>> scores.shape, bool(scores[0] < scores[49])
    ((100,), True)
    """
    graph = _graph(x, k, metric, as_seed(seed))
    n = graph.shape[0]
    scores = np.empty(n)
    gap = np.arange(1, n)
    for start in range(0, n, _BLOCK):
        row = np.arange(start, min(start + _BLOCK, n))[:, None]
        foreground = np.zeros((row.size, n))
        np.add.at(foreground, (row - start, np.abs(graph[row[:, 0]] - row)), 1 / k)
        behind, ahead = np.minimum(gap, row), np.minimum(gap, n - 1 - row)
        area = np.abs(np.cumsum(foreground, axis=1)[:, 1:] - (behind + ahead) / (n - 1)).sum(axis=1)
        scores[row[:, 0]] = 1 + np.tanh(-area / np.maximum(row[:, 0], n - row[:, 0]))
    return scores


def _graph(x: Any, k: int, metric: str, rng: np.random.Generator) -> Ints:
    rows = as_matrix(x, "x")
    if rows.shape[0] < 3:
        raise BadInput(f"x needs at least three rows, got {rows.shape[0]}")
    if metric not in ("auto", "euclidean", "cosine"):
        raise BadInput(f"metric must be 'auto', 'euclidean' or 'cosine', got {metric!r}")
    cosine = metric == "cosine" or (metric == "auto" and rows.shape[1] > _HIGH_DIMENSION)
    return nearest_neighbours(rows, k=k, metric="cosine" if cosine else "euclidean", seed=rng)[1]


def _largest_gap(graph: Ints, position: Any) -> float:
    """D, with row i of the graph at ``position[i]``."""
    n, k = graph.shape
    gaps = np.abs(position[graph] - position[:, None])
    g = np.arange(1, n)
    foreground = np.cumsum(np.bincount(gaps.ravel(), minlength=n)[1:]) / (n * k)
    background = (g * n - g * (g + 1) / 2) / (n * (n - 1) / 2)
    return float(np.abs(foreground - background).max())
