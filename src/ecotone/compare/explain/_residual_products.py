"""Products of residuals: every regression on "all columns but these" from one matrix inverse, and their test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from ecotone.compare.explain._column_scores import Scores
from ecotone.contracts import Floats, Ints

_SQUARES = 4e9  # rows x scores x squared residuals up to which squares are regressed as well
_RIDGE = 1.0  # in rows: only keeps the inverse stable; larger values bias the residuals


@dataclass(frozen=True)
class Residuals:
    """Residuals of the regressions on all columns outside each group (a run of columns of the score matrix)."""

    scores: Floats  # (n, k): each score given the scores outside its own group
    label: Floats  # (n, groups): the table given the scores outside the group
    left: Floats  # (n, groups): 1 - leverage of the regression without the group
    inverse: Floats  # (k, k) of the Gram matrix of all scores
    owner: Ints  # (k,) group of each score


def regress(phi: Floats, owner: Ints, label: Floats) -> Residuals:
    """Every regression on "all columns but these" from one inverse, by the block inverse formula."""
    n_groups = int(owner[-1]) + 1
    inverse: Floats = np.asarray(np.linalg.inv(phi.T @ phi + _RIDGE * np.eye(phi.shape[1])), dtype=np.float64)
    residual = phi @ inverse
    leverage = np.einsum("ij,ij->i", residual, phi)
    beta = inverse @ (phi.T @ label)
    label_residual = np.repeat((label - phi @ beta)[:, None], n_groups, axis=1)
    left = np.empty_like(label_residual)
    ends = np.searchsorted(owner, np.arange(n_groups + 1))
    for g in range(n_groups):
        block = slice(ends[g], ends[g + 1])
        own = inverse[block, block]
        r = np.linalg.solve(own, residual[:, block].T).T
        left[:, g] = np.clip(1 - leverage + np.einsum("ij,ij->i", r @ own, r), 0.02, 1)
        label_residual[:, g] += r @ beta[block]
        residual[:, block] = r
    return Residuals(residual, label_residual, left, inverse, owner)


def squared(fit: Residuals, phi: Floats, wanted: Ints) -> Floats:
    """Residuals of the squared residuals of some scores, given the scores outside their groups."""
    square = fit.scores[:, wanted] ** 2 / fit.left[:, fit.owner[wanted]]
    square -= square.mean(axis=0)
    beta = fit.inverse @ (phi.T @ square)
    inside = fit.owner[:, None] == fit.owner[wanted][None, :]
    return np.asarray(square - phi @ beta + fit.scores @ np.where(inside, beta, 0.0))


def residual_products(scores: list[Scores], groups: Ints, label: Floats, units: Ints) -> list[float]:
    """log10 p-value of each group of columns; ``scores`` come sorted by group."""
    phi = np.hstack([s.matrix for s in scores])
    owner = np.repeat(groups, [s.matrix.shape[1] for s in scores])
    place = np.concatenate([np.arange(s.matrix.shape[1]) for s in scores])
    main = place < np.repeat([s.main for s in scores], [s.matrix.shape[1] for s in scores])
    spread = np.repeat([s.spread for s in scores], [s.matrix.shape[1] for s in scores]) & (place == 0)
    fit = regress(phi, owner, label)
    wanted = np.flatnonzero(spread)
    if float(phi.size) * len(wanted) > _SQUARES:
        wanted = wanted[:0]
    square = squared(fit, phi, wanted)
    logs = []
    for g in range(int(groups[-1]) + 1):
        a, root = fit.label[:, [g]], np.sqrt(fit.left[:, [g]])
        chance = np.clip(label - a[:, 0] - label.min(), 0, 1)[:, None]
        tests = [log10_pvalue(a, fit.scores[:, main & (owner == g)], root, chance, units)]
        if (own := owner[wanted] == g).any():
            tests.append(log10_pvalue(a, square[:, own], root, chance, units))
        logs.append(min(0.0, min(tests) + math.log10(len(tests))))
    return logs


def log10_pvalue(a: Floats, r: Floats, root: Floats, chance: Floats, units: Ints) -> float:
    """log10 p-value of Hotelling's test that label residual times residual has mean zero, units being independent."""
    products = a * r
    n = len(products)
    mean = products.mean(axis=0)
    centred = _sum_by((products - mean) / root, units)
    expected = _sum_by(np.sqrt(chance * (1 - chance)) * r, units)
    n_units = len(centred)
    if centred.shape[1] == 1:
        return _one_log10_pvalue(float((centred**2).sum()), float((expected**2).sum()), n * float(mean[0]), n_units)
    cov = centred.T @ centred
    robust, null = np.diag(cov), np.sum(expected**2, axis=0)
    # With few rows of a level in one table the robust variance can be far too small; the null's own is not.
    scale = np.sqrt(np.maximum(robust, null))
    if not (robust > 0).all():
        return 0.0
    size, axes = np.linalg.eigh(cov / np.sqrt(np.outer(robust, robust)))
    kept = size > 1e-6 * size[-1]
    rank, free = int(kept.sum()), n_units - 1 - int(kept.sum())
    if free < 1:
        return 0.0
    z = (axes[:, kept].T @ (n * mean / scale)) ** 2 / size[kept]
    t2 = float(z.sum()) * (n_units - 1) / n_units
    return log10_f_tail(t2 * free / (rank * (n_units - 1)), rank, free)


def _one_log10_pvalue(robust: float, null: float, total: float, n_units: int) -> float:
    """The same for a single residual: Student's test."""
    if robust <= 0 or n_units < 3:
        return 0.0
    t2 = total**2 / max(robust, null) * (n_units - 1) / n_units
    return log10_f_tail(t2 * (n_units - 2) / (n_units - 1), 1, n_units - 2)


def _sum_by(x: Floats, units: Ints) -> Floats:
    """Sums of rows by unit."""
    if int(units.max()) + 1 == len(units):
        return x
    sums = np.zeros((int(units.max()) + 1, x.shape[1]))
    np.add.at(sums, units, x)
    return sums


def log10_f_tail(f: float, k: int, m: int) -> float:
    """log10 P(F > f) for k and m degrees of freedom, beyond the smallest double."""
    x = m / (m + k * f)
    p = float(special.betainc(m / 2, k / 2, x))
    if p > 1e-280:
        return math.log10(p)
    a, b = m / 2, k / 2
    term = series = 1.0  # of 2F1(a + b, 1; a + 1; x), all terms positive
    for i in range(100_000):
        term *= x * (a + b + i) / (a + 1 + i)
        series += term
        if term < 1e-12 * series:
            break
    log = a * math.log(x) + b * math.log1p(-x) - math.log(a) - float(special.betaln(a, b)) + math.log(series)
    return log / math.log(10)
