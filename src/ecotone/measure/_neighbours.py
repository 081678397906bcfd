"""Nearest neighbours, with ties broken at random."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.neighbors import NearestNeighbors

from ecotone.contracts import BadInput, Floats, Ints, as_matrix, as_seed, check_same_columns


def nearest_neighbours(
    x: Any,
    queries: Any = None,
    k: int = 10,
    *,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    normalise: bool = False,
    seed: int | np.random.Generator | None = None,
) -> tuple[Floats, Ints]:
    r"""The k rows of ``x`` nearest to each query.

    Without ``queries`` each row of ``x`` is a query and is not its own neighbour (its copies are). Rows at equal
    distance are otherwise taken in an order that depends on the row order; with a seed ``x`` is shuffled first, so
    that ties are broken at random.

    Parameters
    ----------
    x : (n, d) array
    queries : (m, d) array, optional
    k : int
        At most n, or n - 1 without queries.
    metric : {"euclidean", "cosine"}
    normalise : bool
        Scale rows to length 1 first (as is usual for embeddings); a row of zeros stays.
    seed : int, Generator or None

    Returns
    -------
    distances : (m, k) array, rising along each row
    indices : (m, k) array of positions in ``x``

    Raises
    ------
    BadInput
        For k out of range, unequal numbers of columns, an empty array, or a value that is not finite.

    Examples
    --------
    >>> distances, indices = nearest_neighbours([[0.0], [1.0], [3.0]], k=1)
    >>> distances.ravel().tolist(), indices.ravel().tolist()
    ([1.0, 1.0, 2.0], [1, 0, 1])
    """
    rows = as_matrix(x, "x")
    asked = None if queries is None else as_matrix(queries, "queries")
    if asked is not None:
        check_same_columns(rows, asked, ("x", "queries"))
    most = rows.shape[0] - (asked is None)
    if not 1 <= k <= most:
        raise BadInput(f"k must lie between 1 and {most} for {rows.shape[0]} rows, got {k!r}")
    if normalise:
        rows, asked = _unit(rows), None if asked is None else _unit(asked)
    order = np.arange(rows.shape[0]) if seed is None else as_seed(seed).permutation(rows.shape[0])
    index = NearestNeighbors(n_neighbors=k, metric=metric).fit(rows[order])
    distances, found = index.kneighbors(asked)
    indices = order[found]
    if asked is None:  # back from the shuffled order of the queries
        back = np.argsort(order)
        distances, indices = distances[back], indices[back]
    return np.asarray(distances, dtype=np.float64), np.asarray(indices, dtype=np.int64)


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1.0), dtype=np.float64)
