"""A confidence sequence of a running mean that may move: an interval that may be looked at after every value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats

CARD = Card(
    name="RunningMeanSequence",
    summary="Interval for the mean of the risks so far, which may change, that holds at all times at once.",
    contract="ConfidenceSequence",
    title="Time-uniform, nonparametric, nonasymptotic confidence sequences",
    authors=("Howard, Steven R.", "Ramdas, Aaditya", "McAuliffe, Jon", "Sekhon, Jasjeet"),
    year=2021,
    link="https://arxiv.org/abs/1810.08240",
    reads=("labels",),
)

#: Growth of the boundary's pieces and power of their error, as the paper has them in its examples.
_ETA, _POWER = 2.0, 1.4


@dataclass
class RunningMeanSequence:
    r"""The empirical Bernstein confidence sequence with a stitched boundary (theorem 4 with equation 10).

    Of values in [0, 1] whose mean given those before may change, the average of these means so far lies within

    .. math:: \frac1t \sum_{i \le t} X_i \pm \frac{u(V_t)}{t}, \quad
       V_t = \sum_{i \le t} (X_i - \hat\mu_{i-1})^2 \vee 1, \quad
       \hat\mu_i = \frac{\frac12 + \sum_{j \le i} X_j}{i + 1}

    .. math:: u(v) = \sqrt{k_1^2 v\,\ell + k_2^2 \ell^2} + k_2 \ell, \quad
       \ell = s \log\log(\eta v) + \log\frac{2\,\zeta(s)}{\alpha \log^s \eta}, \quad
       k_1 = \frac{\eta^{1/4} + \eta^{-1/4}}{\sqrt2}, \quad k_2 = \frac{\sqrt\eta + 1}2

    at all t at once with probability :math:`1 - \alpha`; eta = 2, s = 1.4. It is centred at the mean of the values,
    also where the risk moves, which :class:`RiskSequence` is not; it is wider than that one where the risk stays.

    Parameters
    ----------
    alpha : float
        Probability that the running mean is ever outside.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sequence = RunningMeanSequence(0.05)
    >>> sequence.update(np.concatenate([rng.random(2000) < 0.1, rng.random(2000) < 0.3]).astype(float))
    >>> low, high = sequence.interval
    >>> low < 0.2 < high < 0.23
    True
    """

    alpha: float = 0.05
    values: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise BadInput(f"alpha must be a probability between 0 and 1, got {self.alpha!r}")

    @property
    def interval(self) -> tuple[float, float]:
        """(low, high) inside [0, 1]."""
        if not self.values:
            return 0.0, 1.0
        mean, half = self.total / self.values, self._boundary(max(self.squares, 1.0)) / self.values
        return max(0.0, mean - half), min(1.0, mean + half)

    def _boundary(self, v: float) -> float:
        error = math.log(2 * float(special.zeta(_POWER)) / (self.alpha * math.log(_ETA) ** _POWER))
        length = _POWER * math.log(math.log(_ETA * v)) + error
        k1, k2 = (_ETA**0.25 + _ETA**-0.25) / math.sqrt(2), (math.sqrt(_ETA) + 1) / 2
        return math.sqrt(k1**2 * v * length + (k2 * length) ** 2) + k2 * length

    def update(self, values: Floats) -> None:
        """Read values ``(t,)`` in [0, 1].

        Raises
        ------
        BadInput
            One lies outside.
        """
        values = np.asarray(values, np.float64)
        if not ((values >= 0) & (values <= 1)).all():
            raise BadInput("values must lie in [0, 1]; scale them, and leave missing ones out")
        before = np.cumsum(np.append(self.total, values))  # one after the other, so that pieces give the same bits
        means = (0.5 + before[:-1]) / (self.values + 1.0 + np.arange(len(values)))
        self.squares = float(np.cumsum(np.append(self.squares, (values - means) ** 2))[-1])
        self.values, self.total = self.values + len(values), float(before[-1])
