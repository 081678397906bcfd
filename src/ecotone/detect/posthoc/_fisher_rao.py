"""Fisher-Rao distances of categorical and Gaussian distributions, and the centre of categorical ones."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.contracts import Floats
from ecotone.contracts.arrays import Array, like

from ._logits import log_softmax

_NEAR = 1e-12  # arccos has no slope at 1


def roots(logits: Array) -> Array:
    """Square roots of the softmax, which lie on the unit sphere; half the Fisher-Rao distance is their angle."""
    xp = array_namespace(logits)
    return xp.exp(log_softmax(logits) / 2)


def angles(a: Array, b: Array) -> Array:
    """Fisher-Rao distances ``2 arccos(sum sqrt(p q))`` of ``(m, c)`` and ``(k, c)`` roots: ``(m, k)``."""
    xp = array_namespace(a)
    return 2 * xp.acos(xp.clip(a @ b.T, max=1 - _NEAR))


def gaussian_distance(x: Array, means: Floats, sigma: Floats) -> Array:
    r"""Fisher-Rao distance of each Gaussian about a row to the nearest of several, one deviation a column for all.

    .. math:: d(x, \mu)^2 = \sum_j u_j^2, \qquad u_j = 2\sqrt2 \operatorname{arcsinh}
              \frac{\lvert x_j - \mu_j \rvert}{2\sqrt2\,\sigma_j}
    """
    xp = array_namespace(x)
    unit = 8**0.5 * like(sigma, x)
    nearest = None
    for mean in like(means, x):
        squared = xp.sum(xp.asinh((x - mean) / unit) ** 2, axis=1)
        nearest = squared if nearest is None else xp.minimum(nearest, squared)
    return 8**0.5 * xp.sqrt(nearest)


def centre(points: Floats, tolerance: float = 1e-10, steps: int = 2000) -> Floats:
    """The root ``(c,)`` of least mean Fisher-Rao distance to ``(n, c)`` roots.

    Every step minimises a bound from above that touches (arccos is concave between roots, which lie in the positive
    orthant), so that the mean distance never rises; it ends when the centre no longer moves.
    """
    at = _unit(points.mean(0))
    for _ in range(steps):
        sine = np.sqrt(np.maximum(1 - (points @ at) ** 2, 1e-16))
        new = _unit((1 / sine) @ points)
        moved = np.abs(new - at).max()
        at = new
        if moved < tolerance:
            break
    return at


def descended(points: Floats, start: Floats, rate: float = 0.01, steps: int = 100) -> Floats:
    """Logits ``(c,)`` after descent of the mean distance from ``start`` where every step adds all gradients so far."""
    at, total = start.astype(float), np.zeros(len(start))
    for _ in range(steps):
        root = roots(at[None])[0]
        inner = points @ root
        slope = np.where(inner < 1 - 1e-6, 1 / np.sqrt(np.maximum(1 - inner**2, 1e-300)), 0.0) / len(points)
        total -= (slope @ points) * root - (slope @ inner) * root**2
        at = at - rate * total
    return at


def _unit(a: Floats) -> Floats:
    return np.asarray(a / np.linalg.norm(a))
