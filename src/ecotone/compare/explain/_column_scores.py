"""Bounded scores of columns: what a residual product test regresses and tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import special
from scipy.sparse.csgraph import connected_components

from ecotone.contracts import Floats, Ints
from ecotone.data import CODED, ORDERED, Column

_MAX_LEVELS = 12  # as in the verdict's scores, so that both tests see the same levels
_FLOPS = 8e9  # of one product of all scores; several such products are made
_COPY = 0.95  # columns that determine one another more closely than this correlation are tested together


@dataclass(frozen=True)
class Scores:
    """Scores ``(n, k)`` of one column; the first ``main`` are tested, and their squares too where ``spread``."""

    name: str
    matrix: Floats
    main: int
    spread: bool


def column_scores(column: Column, least: int, degree: int = 4) -> Scores | None:
    """Standardised scores of a pooled column: Hermite polynomials of normal scores, or indicators of levels."""
    missing = column.missing
    n, seen = len(missing), ~missing
    if column.kind in ORDERED and not missing.any():
        order = np.argsort(column.values)
        rising = column.values[order]
        if (rising[1:] > rising[:-1]).all() and n > max(least, 4):
            matrix = np.empty((n, degree))
            matrix[order] = _hermite(n)[:, :degree]
            return Scores(column.name, matrix, 1, True)
    if column.kind in CODED:
        counts = np.bincount(column.codes[seen], minlength=1)
        levels = np.argsort(-counts, kind="stable")[:_MAX_LEVELS]
        parts = [column.codes == level for level in levels if least <= counts[level] <= n - least]
        if sum(p.sum() for p in parts) + missing.sum() > n - least:  # the commonest level is the rest
            parts = parts[1:]
        mains, more, spread = parts, [], False
    else:
        distinct, place, counts = np.unique(column.values[seen], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - 0.5 * counts  # mid-rank less one half
        z = np.full(n, np.nan)
        z[seen] = special.ndtri(middle / max(1, int(seen.sum())))[place]
        most = len(distinct) - 1 if seen.sum() - counts.max(initial=0) >= least else 0
        powers = [z, z**2 - 1, z**3 - 3 * z, z**4 - 6 * z**2 + 3]
        parts = powers[: max(0, min(degree, most))]
        mains, more, spread = parts[:1], parts[1:], most > 1
    if least <= missing.sum() <= n - least:
        mains = [*mains, missing]
    if not mains:
        return None
    matrix = np.column_stack([*mains, *more]).astype(float)
    mean, std = (np.nanmean, np.nanstd) if missing.any() else (np.mean, np.std)
    matrix -= mean(matrix, axis=0)
    matrix /= np.maximum(std(matrix, axis=0), 1e-12)
    return Scores(column.name, np.nan_to_num(matrix), len(mains), spread)


@lru_cache(maxsize=4)
def _hermite(n: int) -> Floats:
    """Standardised Hermite polynomials (n, 4) of n normal scores: those of every column without ties."""
    z = special.ndtri((np.arange(n) + 0.5) / n)
    powers = np.column_stack([z, z**2 - 1, z**3 - 3 * z, z**4 - 6 * z**2 + 3])
    powers -= powers.mean(axis=0)
    return np.asarray(powers / powers.std(axis=0))


def most_degrees(columns: int, n_units: int, rows: int) -> int:
    """The largest degree that :func:`trimmed` could keep, from the number of ordered columns alone."""
    fits = (3 * k * columns <= n_units and (k * columns) ** 2 * rows <= _FLOPS for k in (4, 3, 2))
    return next((k for k, fit in zip((4, 3, 2), fits) if fit), 1)


def trimmed(scores: list[Scores], n_units: int) -> list[Scores]:
    """Lower degrees until the scores are at most a third of the independent units; none if that needs too many.

    The same where the regressions would cost too much: the products of all scores over all rows.
    """
    if not scores:
        return []
    for degree in (4, 3, 2, 1):
        scores = [replace(s, matrix=s.matrix[:, : s.main + degree - 1]) for s in scores]
        count = sum(s.matrix.shape[1] for s in scores)
        if 3 * count <= n_units and (degree == 1 or count**2 * len(scores[0].matrix) <= _FLOPS):
            return scores
    return scores if 2 * sum(s.matrix.shape[1] for s in scores) <= n_units else []


def near_copies(scores: list[Scores]) -> Ints:
    """Group number of each column; columns whose tested scores nearly determine one another share a group."""
    if not scores:
        return np.empty(0, np.int64)
    white, width = [], []
    for s in scores:
        x = s.matrix[:, : s.main]
        if s.main == 1:  # of mean 0 already
            white.append(x / max(float(np.linalg.norm(x)), 1e-12))
            width.append(1)
            continue
        u, size, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
        white.append(u[:, size > 1e-6 * size[0]])
        width.append(white[-1].shape[1])
    z = np.hstack(white)
    start = np.cumsum([0, *width[:-1]])
    square = (z.T @ z) ** 2
    if len(start) < z.shape[1]:
        square = np.add.reduceat(np.add.reduceat(square, start, axis=0), start, axis=1)
    close = square / np.maximum.outer(width, width) > _COPY**2
    return np.asarray(connected_components(close, directed=False)[1], dtype=np.int64)
