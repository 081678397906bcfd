"""A Gaussian or Cauchy distribution of several outputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from array_api_compat import array_namespace, is_torch_array
from scipy.special import ndtr, ndtri

from ecotone.contracts import BadInput

Family = Literal["gaussian", "cauchy"]
ALPHA = {"gaussian": 2, "cauchy": 1}  # stability index: the scale of a'FZ is the alpha-norm of F'a


@dataclass(frozen=True, eq=False)
class StableDistribution:
    r"""Distribution of :math:`Y = m + F Z`, independent standard normal or standard Cauchy :math:`Z_1, \dots, Z_r`.

    A combination :math:`a^\top Y` is of the same family, with scale :math:`\lVert F^\top a \rVert_\alpha`, where
    :math:`\alpha` is 2 for the Gaussian distribution (the scale is then a standard deviation) and 1 for the Cauchy
    distribution.

    Parameters
    ----------
    location : (n, k) array
        m of each row.
    factor : (n, k, r) array
        F of each row.
    distribution : {"gaussian", "cauchy"}

    Examples
    --------
    >>> import numpy as np
    >>> distribution = StableDistribution(np.zeros((1, 2)), np.array([[[3.0, 4.0], [0.0, 1.0]]]), "gaussian")
    >>> distribution.scale
    array([[5., 1.]])
    >>> distribution.interval(0.9)[1].round(2)
    array([[8.22, 1.64]])
    """

    location: Any
    factor: Any
    distribution: Family

    @property
    def scale(self) -> Any:
        """Of each output, ``(n, k)``: standard deviation, or half the width between Cauchy's quartiles."""
        return self._norm(self.factor)

    @property
    def covariance(self) -> Any:
        """``(n, k, k)``, of a Gaussian distribution; a Cauchy distribution has none."""
        if self.distribution != "gaussian":
            raise BadInput("a cauchy distribution has no covariance; read its scale")
        xp = array_namespace(self.factor)
        return self.factor @ xp.permute_dims(self.factor, (0, 2, 1))

    def interval(self, level: float = 0.9) -> tuple[Any, Any]:
        """Central intervals of each output, ``(low, high)``, both ``(n, k)``.

        Parameters
        ----------
        level : float
            Probability inside, in (0, 1).
        """
        if not 0 < level < 1:
            raise BadInput(f"level must lie in (0, 1), got {level!r}")
        z = float(ndtri((1 + level) / 2)) if self.distribution == "gaussian" else math.tan(math.pi * level / 2)
        return self.location - z * self.scale, self.location + z * self.scale

    def pairwise_probability(self) -> Any:
        r"""Probability that one output exceeds another, ``(n, k, k)``; entry i, j is :math:`P(Y_i > Y_j)`.

        With g the scale of :math:`Y_i - Y_j`: :math:`\Phi((m_i - m_j) / g)`, or
        :math:`1/2 + \arctan((m_i - m_j) / g) / \pi`. Where g is 0 the order is certain, and a tie counts a half.
        """
        xp = array_namespace(self.location)
        m, f = self.location, self.factor
        gap = m[:, :, None] - m[:, None, :]
        g = xp.stack([self._norm(f - f[:, j : j + 1, :]) for j in range(m.shape[1])], axis=2)
        sure = g <= 0
        ratio = gap / xp.where(sure, xp.ones_like(g), g)
        p = _normal_cdf(ratio) if self.distribution == "gaussian" else 0.5 + xp.atan(ratio) / math.pi
        return xp.where(sure, 0.5 + 0.5 * xp.sign(gap), p)

    def _norm(self, factor: Any) -> Any:
        return array_namespace(factor).linalg.vector_norm(factor, axis=-1, ord=ALPHA[self.distribution])


def _normal_cdf(z: Any) -> Any:
    if is_torch_array(z):
        return z.mul(math.sqrt(0.5)).erf().add(1).div(2)
    return ndtr(z)
