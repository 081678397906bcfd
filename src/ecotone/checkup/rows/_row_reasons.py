"""Why a row was named, and a plane to draw the rows in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.linalg import eigh

from ecotone.contracts import Floats, Ints
from ecotone.data import NAMED, Column, Pair
from ecotone.detect.anomaly import GaussianMixtureDensity

from ._row_reason import RowReason, SurprisingValue
from ._row_scores import Scored

_MAX_EXPLAINED = 200


def row_reasons(
    pair: Pair, found: Scored, index: Ints, improbable: Ints, pvalues: Floats, copies: Mapping[int, int]
) -> tuple[RowReason, ...]:
    """The columns that make the lowest rows surprising, given the other columns; of equal rows the first.

    ``improbable`` are the rows that the density alone names; ``copies`` has the rows to explain and for each how many
    others equal it.
    """
    if not len(index):
        return ()
    different, typical = np.array(sorted(copies)), found.scores[0][found.n :]
    rows = different[np.lexsort((typical[different], pvalues[different]))][:_MAX_EXPLAINED]
    parts = _contributions(found, rows, index, improbable)
    names = list(dict.fromkeys(found.encoder.outputs_))
    column_of = np.array([names.index(name) for name in found.encoder.outputs_])
    by_column = parts @ (column_of[:, None] == np.arange(len(names)))
    return tuple(
        RowReason(
            *pair.current.where(int(row)),
            float(pvalues[row]),
            copies[int(row)],
            _surprising(pair, int(row), names, each),
        )
        for row, each in zip(rows, by_column)
    )


def _contributions(found: Scored, rows: Ints, index: Ints, improbable: Ints) -> Floats:
    """Of each score to how surprising a row is; of rows that are typical one by one, what they share."""
    density, X = found.density, found.pooled[found.n :]
    parts = density.contributions(X[rows])
    group = ~np.isin(rows, improbable)
    precision = density.whitener_ @ density.whitener_.T
    shared = (X[index].mean(0) - density.center_) @ precision
    parts[group] = np.maximum((X[rows[group]] - density.center_) * shared, 0)
    return parts


def _surprising(pair: Pair, row: int, names: list[str], contribution: Floats) -> tuple[SurprisingValue, ...]:
    """The columns that add at least a fifth of what the first does, five at most."""
    top = np.argsort(-contribution, kind="stable")[:5]
    shown = [j for j in top if contribution[j] >= 0.2 * contribution[top[0]]]
    return tuple(
        SurprisingValue(names[j], _value(pair.current[names[j]], row), round(float(contribution[j]), 3)) for j in shown
    )


def _value(column: Column, row: int) -> float | str | None:
    value = float(column.values[row])
    if np.isnan(value):
        return None
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    return column.levels[int(value)] if column.kind in NAMED else value


def plane(
    density: GaussianMixtureDensity, pooled: Floats, n: int, index: Ints, rng: np.random.Generator
) -> dict[str, Any]:
    """Plane coordinates: towards the rows named (or the largest spread), and the largest spread across it."""
    rest = np.ones(len(pooled) - n, bool)
    rest[index] = False
    some = np.flatnonzero(rest)
    groups = {
        "reference": rng.permutation(n)[:700],
        "current": n + rng.choice(some, min(900, len(some)), replace=False),
        "outside": n + rng.permutation(index)[:400],
    }
    sizes = [len(rows) for rows in groups.values()]
    Z = (pooled[np.concatenate(list(groups.values()))] - density.center_) @ density.whitener_
    first = Z[sizes[0] + sizes[1] :].mean(0) if len(index) else np.zeros(Z.shape[1])
    length = np.linalg.norm(first)
    first = first / length if length > 1e-9 else _widest(Z)
    second = _widest(Z - np.outer(Z @ first, first))
    plane = np.round(np.column_stack([Z @ first, Z @ second]), 3)
    ends = np.cumsum(sizes)
    return {name: plane[end - size : end].tolist() for name, size, end in zip(groups, sizes, ends)}


def _widest(Z: Floats) -> Floats:
    """The direction (d,) of largest spread about 0: of the smaller of the two matrices of products."""
    n, d = Z.shape
    products = Z.T @ Z if d <= n else Z @ Z.T
    last = len(products) - 1
    top = eigh(products, subset_by_index=(last, last))[1][:, 0]
    top = top if d <= n else Z.T @ top
    return np.asarray(top / max(float(np.linalg.norm(top)), 1e-12))
