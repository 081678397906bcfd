"""A component of unlabelled rows that the reference's density does not explain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, solve_triangular

from ecotone.contracts import Bools, Floats, Ints

_DIMENSIONS = 10  # directions, so that some hundred rows give a covariance; chosen, not tuned
_EM_ROWS = 5000  # as for the mixture of the density: a bound on time; chosen, not tuned
_TRIAL, _STEPS = 8, 20  # of EM from every start, and from the best of them on; chosen, not tuned
_PEAK_ROWS, _PEAKS, _NEAR = 800, 3, 0.025  # rows in which peaks are looked for, their number, and share of the rows


class _Mixture(NamedTuple):
    fit: float  # mean log likelihood
    share: Floats  # memberships of the foreign component
    bulk: tuple[Floats, Floats]  # mean, covariance
    foreign: tuple[Floats, Floats]


def foreign_score(X: Floats, center: Floats, whitener: Floats, typical: Floats, train: Bools | Ints) -> Floats:
    r"""Log likelihood ratio of the bulk of unlabelled rows to a component foreign to it, ``(n,)``, low is foreign.

    A mixture :math:`(1 - \pi)\,\mathcal N(m, B) + \pi\,\mathcal N(\mu, S)` is fitted by EM to rows of which it is
    not known which are calibration rows and which are new, in the directions in which their second moments depart
    most from the reference's. The fit starts from several small sets: the rows of lowest density, both ends of the
    leading directions, and where rows crowd more than one normal distribution would have them; the likeliest end wins.
    The score is :math:`\log\mathcal N(z; m, B) - \log\mathcal N(z; \mu, S)`. It finds what one density cannot: a tight
    group in many columns, each of whose rows looks typical.

    The function treats rows alike, so conformal p-values from its scores stay valid (AdaDetect: Marandon, Lei,
    Mary and Roquain 2024, https://doi.org/10.1214/23-AOS2338).

    Parameters
    ----------
    X : (n, d) array
    center, whitener : (d,) and (d, d) array
        ``(x - center) @ whitener`` is white under the reference.
    typical : (n,) array
        Their log density under the reference.
    train : (n,) bool or positions
        Rows to fit on, drawn without regard to what they are.
    """
    Y = leading(X, center, whitener, train)
    fit, low = Y[train][:_EM_ROWS], typical[train][:_EM_ROWS]
    rough = [_em(fit, start.astype(np.float64), _TRIAL) for start in _starts(fit, low)]
    for found in sorted((r for r in rough if r is not None), key=lambda r: -r.fit):
        best = _em(fit, found.share, _STEPS)
        if best is not None:
            return log_normal(Y, *best.bulk) - log_normal(Y, *best.foreign)
    return typical


def leading(X: Floats, center: Floats, whitener: Floats, train: Bools | Ints) -> Floats:
    """Rows in at most ten directions: those in which the rows ``train`` depart most from the reference, (n, r)."""
    V = whitener @ _directions((X[train] - center) @ whitener)
    return np.asarray(X @ V - center @ V)


def _directions(Z: Floats) -> Floats:
    """Orthonormal directions of the largest second moments about the reference's centre, ``(d, r)``."""
    d = Z.shape[1]
    if d <= _DIMENSIONS:
        return np.eye(d)
    vectors = eigh(Z.T @ Z / len(Z), subset_by_index=(d - _DIMENSIONS, d - 1))[1]
    return np.asarray(vectors[:, ::-1], dtype=np.float64)


def _starts(Y: Floats, typical: Floats) -> list[Bools]:
    """Small sets of rows that may be foreign."""
    sets = [typical <= np.quantile(typical, share) for share in (0.02, 0.1)]
    vectors = np.linalg.eigh(Y.T @ Y / len(Y))[1][:, ::-1][:, :3]
    for end in (Y @ vectors).T:
        sets += [end <= np.quantile(end, 0.02), end >= np.quantile(end, 0.98)]
    return sets + _peaks(Y)


def _peaks(Y: Floats) -> list[Bools]:
    """The neighbours of the rows around which others are denser than in draws of all rows' normal distribution.

    Draws take the place of that distribution's density, for both distances are then blurred alike.
    """
    some = Y[:_PEAK_ROWS]
    k = int(_NEAR * len(some))
    if k < Y.shape[1] + 3:
        return []
    distribution = np.random.default_rng(0).standard_normal(some.shape) @ np.linalg.cholesky(
        _spread(some)
    ).T + some.mean(0)
    near, apart = _squared(some, some), _squared(some, distribution)
    radius = np.partition(near, k, axis=1)[:, k]  # the row itself is the nearest
    crowded = np.log(np.partition(apart, k - 1, axis=1)[:, k - 1]) - np.log(np.maximum(radius, 1e-12))
    sets = []
    for _ in range(_PEAKS):
        peak = int(np.argmax(crowded))
        sets.append(np.asarray(_squared(Y, some[peak : peak + 1])[:, 0] <= radius[peak]))
        crowded[near[peak] <= 4 * radius[peak]] = -np.inf
    return sets


def _spread(Y: Floats) -> Floats:
    return np.atleast_2d(np.cov(Y, rowvar=False)) + 1e-6 * np.eye(Y.shape[1])


def _squared(A: Floats, B: Floats) -> Floats:
    """Squared distances, (len(A), len(B))."""
    return np.asarray(np.maximum((A**2).sum(1)[:, None] + (B**2).sum(1) - 2 * A @ B.T, 0))


def _em(Y: Floats, share: Floats, steps: int) -> _Mixture | None:
    """Two normal components, both free, from first memberships; None where the foreign one empties or takes over."""
    n, r = Y.shape
    for _ in range(steps):
        weight = share.mean()
        if not (r + 2) / n < weight < 0.6:
            return None
        bulk, foreign = moments(Y, 1 - share), moments(Y, share)
        own = np.log(weight) + log_normal(Y, *foreign)
        rest = np.log1p(-weight) + log_normal(Y, *bulk)
        total = np.logaddexp(own, rest)
        share = np.exp(own - total)
    return _Mixture(float(total.mean()), share, bulk, foreign)


def moments(Y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted mean and covariance, shrunk to its diagonal's mean by r/n of the rows that it rests on."""
    mass, r = weight.sum(), Y.shape[1]
    mean = weight @ Y / mass
    centred = Y - mean
    covariance = (centred * weight[:, None]).T @ centred / mass
    shrink = r / (mass + r)
    size = max(float(np.trace(covariance)) / r, 1e-3)
    return mean, (1 - shrink) * covariance + (shrink * size + 1e-3) * np.eye(r)


def log_normal(Y: Floats, mean: Floats, covariance: Floats) -> Floats:
    """Log density of rows under a normal distribution, up to a constant that all distributions share."""
    L = np.linalg.cholesky(covariance)
    W = solve_triangular(L, np.eye(len(L)), lower=True).T
    z = Y @ W - mean @ W
    return np.asarray(-np.log(np.diag(L)).sum() - np.einsum("ij,ij->i", z, z) / 2)
