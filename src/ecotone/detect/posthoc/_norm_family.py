"""The exponential family whose log-partition is half a squared q-norm, and which p and temperature suit rows."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.contracts import Floats, Ints
from ecotone.contracts.arrays import Array


def norm(z: Array, q: float) -> Array:
    """q-norm of each row, ``(m, 1)``, without overflow."""
    xp = array_namespace(z)
    size = xp.abs(z)
    top = xp.max(size, axis=1, keepdims=True)
    top = xp.where(top > 0, top, xp.ones_like(top))
    return top * xp.sum((size / top) ** q, axis=1, keepdims=True) ** (1 / q)


def scaled(z: Array, p: float) -> Array:
    """Rows of p-norm 1; a row of zeros stays."""
    xp = array_namespace(z)
    length = norm(z, p)
    return z / xp.where(length > 0, length, xp.ones_like(length))


def slopes(means: Floats, p: float, normalise: bool) -> Floats:
    """Gradient of half the squared q-norm at the means, ``(classes, d)``; 0 at a mean of 0."""
    q = p / (p - 1)
    means = scaled(means, p) if normalise else means
    length = norm(means, q)
    ratio = np.abs(means) / np.where(length > 0, length, 1.0)
    return np.asarray(np.sign(means) * ratio ** (q - 1) * length)


def exponents(z: Array, slope: Array, p: float, normalise: bool) -> Array:
    """``phi(mu) - d(z, mu)``, which is ``<z, grad phi(mu)> - phi(z)``, ``(m, classes)``."""
    z = scaled(z, p) if normalise else z
    return z @ slope.T - norm(z, p / (p - 1)) ** 2 / 2


def likeliest(
    z: Floats,
    labels: Ints,
    norms: tuple[float, ...],
    temperatures: tuple[float, ...],
    normalise: bool,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """p and t with the largest mean of ``a_y(z) - log Z_y`` over half of each class, all else from the other half.

    That is the log-density of a row given its class relative to the distribution of all rows, which compares across p
    and t.
    """
    classes, y = np.unique(labels, return_inverse=True)
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    second = np.zeros(len(y), bool)
    second[order] = (np.arange(len(y)) - np.searchsorted(y[order], y[order])) % 2 == 1
    if not second.any():
        return norms[len(norms) // 2], temperatures[len(temperatures) // 2]
    first = ~second
    means = np.stack([z[first & (y == c)].mean(axis=0) for c in range(len(classes))])
    best = (-np.inf, norms[0], temperatures[0])
    for p in norms:
        a = exponents(z, slopes(means, p, normalise), p, normalise)
        for t in temperatures:
            log_z = np.logaddexp.reduce(a[first] / t, axis=0) - np.log(first.sum())
            best = max(best, (float(np.mean(a[second, y[second]] / t - log_z[y[second]])), p, t))
    return best[1], best[2]
