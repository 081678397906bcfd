"""A confidence sequence of a mean: an interval that may be looked at after every value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats

CARD = Card(
    name="RiskSequence",
    summary="Interval for the mean of bounded losses that holds at all times at once.",
    contract="ConfidenceSequence",
    title="Estimating means of bounded random variables by betting",
    authors=("Waudby-Smith, Ian", "Ramdas, Aaditya"),
    year=2023,
    link="https://arxiv.org/abs/2010.09686",
    reads=("labels",),
)


@dataclass
class RiskSequence:
    r"""The predictable plug-in empirical Bernstein confidence sequence (theorem 2).

    With :math:`\hat\mu_t = (\frac12 + \sum_{i \le t} X_i) / (t + 1)`,
    :math:`\hat\sigma^2_t = (\frac14 + \sum_{i \le t} (X_i - \hat\mu_i)^2) / (t + 1)` and

    .. math:: \lambda_t = \sqrt{\frac{2 \log(2 / \alpha)}{\hat\sigma^2_{t - 1}\, t \log(1 + t)}} \wedge \tfrac12, \quad
       v_t = (X_t - \hat\mu_{t - 1})^2, \quad \psi(\lambda) = -\log(1 - \lambda) - \lambda,

    .. math:: \frac{\sum_{i \le t} \lambda_i X_i}{\sum_{i \le t} \lambda_i} \pm
       \frac{\log(2 / \alpha) + \sum_{i \le t} v_i\, \psi(\lambda_i)}{\sum_{i \le t} \lambda_i}

    holds the mean at all t at once with probability :math:`1 - \alpha`; where the mean of a value, given those before
    it, changes, it holds these means weighted by :math:`\lambda_i`.

    Parameters
    ----------
    alpha : float
        Probability that the mean is ever outside.

    Examples
    --------
    >>> sequence = RiskSequence(0.05)
    >>> sequence.update((np.random.default_rng(0).random(2000) < 0.1).astype(float))
    >>> low, high = sequence.interval
    >>> low < 0.1 < high < 0.13
    True
    """

    alpha: float = 0.05
    values: int = 0
    total: float = 0.0
    squares: float = 0.0
    weights: float = 0.0
    weighted: float = 0.0
    spent: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise BadInput(f"alpha must be a probability between 0 and 1, got {self.alpha!r}")

    @property
    def interval(self) -> tuple[float, float]:
        """(low, high) inside [0, 1]."""
        if not self.values:
            return 0.0, 1.0
        centre, half = self.weighted / self.weights, (math.log(2 / self.alpha) + self.spent) / self.weights
        return max(0.0, centre - half), min(1.0, centre + half)

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
        for x in values.tolist():
            t = self.values + 1
            mean, variance = (0.5 + self.total) / t, (0.25 + self.squares) / t  # before x
            bet = min(0.5, math.sqrt(2 * math.log(2 / self.alpha) / (variance * t * math.log(1 + t))))
            self.spent += (x - mean) ** 2 * (-math.log1p(-bet) - bet)
            self.weights += bet
            self.weighted += bet * x
            self.values, self.total = t, self.total + x
            self.squares += (x - (0.5 + self.total) / (t + 1)) ** 2
