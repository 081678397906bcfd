"""The largest inner products with a bank of rows, in bounded memory."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ecotone.contracts.arrays import Array, like

QUERIES, BANK = 1024, 4096  # rows of each side of one product: 32 MiB in double precision


def largest_products(queries: Array, bank: Array, k: int) -> Array:
    """The ``k`` largest inner products of each query ``(m, d)`` with rows of ``bank``, unordered ``(m, k)``.

    Products are formed for at most ``QUERIES`` rows against ``BANK`` rows at a time, whatever the sizes.
    """
    xp = array_namespace(queries)
    parts = []
    for start in range(0, len(queries), QUERIES):
        some = queries[start : start + QUERIES]
        best = some[:, :0]
        for first in range(0, len(bank), BANK):
            found = some @ like(bank[first : first + BANK], some).T
            best = xp.concat([best, _top(found, k)], axis=1)
        parts.append(_top(best, k))
    return parts[0] if len(parts) == 1 else xp.concat(parts)


def _top(values: Array, k: int) -> Array:
    if values.shape[1] <= k:
        return values
    if is_torch_array(values):
        return values.topk(k, dim=1, sorted=False).values
    return np.partition(values, -k, axis=1)[:, -k:]


def unit(rows: Array) -> Array:
    """Rows ``(m, d)`` at length 1; rows of zeros stay."""
    xp = array_namespace(rows)
    length = xp.linalg.vector_norm(rows, axis=1, keepdims=True)
    return rows / xp.where(length > 0, length, 1.0)
