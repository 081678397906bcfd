"""Whether the current rows can be a mixture of the reference's classes, as they are where only their shares moved."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ecotone.contracts import Bools, Floats, Ints

_SCORE_CELLS, _COLUMN_CELLS = 8, 6  # 48 cells together, which some hundred rows fill; chosen, not tuned
_LEAST_OF_CLASS = 20  # rows, below which the covariance of a class's cells says little; chosen, not tuned
_ROUNDS = 3  # of least squares, each weighted by the last one's shares; chosen, not tuned


def mixture_misfit(
    score: tuple[Floats, Floats], x: tuple[Floats, Floats], y: Ints, shares: Floats, categorical: Bools | None = None
) -> float:
    r"""p-value of "the current distribution is a mixture of the reference's distributions of each class".

    Rows are counted in cells of the score and, for one column after the other, in cells of that column as well. With H
    the cells' shares in each class of the reference (b, k) and h those in current, the shares :math:`\pi` that sum to
    one are fitted by generalised least squares, and

    .. math:: T = \min_\pi (h - H\pi)^\top V^{+} (h - H\pi), \qquad
        V = \frac{\mathrm{Cov}_{cur}}{m} + \sum_j \pi_j^2 \frac{\mathrm{Cov}_j}{n_j}

    is compared with :math:`\chi^2` of rank(V) - (k - 1) degrees. The smallest of the p-values, times their number. A
    change of p(x) that a mixture can imitate is not found.

    Parameters
    ----------
    score : ((n, c), (m, c)) float64
        What the model says of the rows: log-odds of two classes, log-probabilities of more.
    x : ((n, d), (m, d)) float64
        Columns, NaN where missing.
    y : (n,) int64
        Classes of the reference rows.
    shares : (k,) float64
        First guess of the current shares.
    categorical : (d,) bool, optional

    Returns
    -------
    float
        1 where some class has fewer than 20 rows or no cell is left to compare.
    """
    k = len(shares)
    if np.bincount(y, minlength=k).min() < _LEAST_OF_CLASS:
        return 1.0
    said = _score_cells(*score)
    found = [_misfit(*said, y, shares)]
    for j in range(x[0].shape[1]):
        coded = categorical is not None and bool(categorical[j])
        here, there = _cells(x[0][:, j], x[1][:, j], _COLUMN_CELLS, coded=coded)
        found.append(_misfit(np.hstack([said[0], here]), np.hstack([said[1], there]), y, shares))
    return float(min(1.0, min(found) * len(found)))


def _score_cells(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Cells of one margin; of several scores the class that leads, cut in two by how far."""
    if a.shape[1] == 1:
        return _cells(a[:, 0], b[:, 0], _SCORE_CELLS)
    first, second = _leading(a), _leading(b)
    middle = np.array([np.median(a[first == c].max(axis=1)) if (first == c).any() else 0.0 for c in range(a.shape[1])])
    codes = [2.0 * c + (s.max(axis=1) > middle[c]) for c, s in ((first, a), (second, b))]
    return _cells(codes[0], codes[1], 2 * a.shape[1], coded=True)


def _leading(scores: Floats) -> Ints:
    return np.asarray(scores.argmax(axis=1))


def _cells(a: Floats, b: Floats, cells: int, *, coded: bool = False) -> tuple[Floats, Floats]:
    """Indicators of cells, cut by both tables together; missing values are one."""
    both = np.concatenate([a, b])
    missing, code = np.isnan(both), np.zeros(len(both), np.int64)
    if coded:
        values, counts = np.unique(both[~missing], return_counts=True)
        common = np.sort(values[np.argsort(-counts, kind="stable")[: cells - 1]])
        at = np.clip(np.searchsorted(common, both), 0, max(0, len(common) - 1))
        known = len(common) > 0
        code = np.where(common[at] == both, at, len(common)) if known else code
    elif not missing.all():
        edges = np.unique(np.quantile(both[~missing], np.linspace(0, 1, cells + 1)[1:-1]))
        code = np.searchsorted(edges, both)
    code = np.unique(np.where(missing, -1, code), return_inverse=True)[1]
    hot = np.eye(int(code.max()) + 1)[code][:, 1:]  # the first cell is what the others leave
    return hot[: len(a)], hot[len(a) :]


def _misfit(z: Floats, z_now: Floats, y: Ints, shares: Floats) -> float:
    k = len(shares)
    of = [z[y == j] for j in range(k)]
    h, now = np.array([part.mean(axis=0) for part in of]).T, z_now.mean(axis=0)
    spread = [_covariance(part) / len(part) for part in of]
    own, slope, pi = _covariance(z_now) / len(z_now), h[:, 1:] - h[:, :1], shares
    for _ in range(_ROUNDS):
        v = own + sum(p**2 * s for p, s in zip(pi, spread))
        inverse = np.linalg.pinv(v, hermitian=True)
        fitted = np.linalg.pinv(slope.T @ inverse @ slope, hermitian=True) @ (slope.T @ inverse @ (now - h[:, 0]))
        pi = np.clip(np.concatenate([[1 - fitted.sum()], fitted]), 0.0, 1.0)
    gap = now - h[:, 0] - slope @ fitted
    freedom = int(np.linalg.matrix_rank(v, hermitian=True)) - (k - 1)
    return float(stats.chi2.sf(gap @ inverse @ gap, freedom)) if freedom > 0 else 1.0


def _covariance(z: Floats) -> Floats:
    return np.atleast_2d(np.cov(z.T, bias=True))
