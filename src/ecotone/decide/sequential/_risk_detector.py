"""An e-detector of a risk that has risen: labels one by one, possibly late."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats

from ._risk_sequence import RiskSequence

CARD = Card(
    name="RiskDetector",
    summary="Alarms when the loss has risen by more than a tolerance over the reference's, with a stated run length.",
    contract="Sequential",
    title="Tracking the risk of a deployed model and detecting harmful distribution shifts",
    authors=("Podkopaev, Aleksandr", "Ramdas, Aaditya"),
    year=2022,
    link="https://arxiv.org/abs/2110.06177",
    reads=("labels",),
)

BETS = np.array([0.1, 0.25, 0.5, 0.75])


@dataclass
class RiskDetector:
    r"""Bets that the loss exceeds a limit, in the order in which labels arrive.

    With losses :math:`\ell_t \in [0, 1]` and a limit :math:`\theta`, :math:`e_b = 1 + \lambda_b (\ell_t / \theta - 1)`,
    :math:`\lambda \in \{.1, .25, .5, .75\}`, has a mean of at most one while the risk is at most :math:`\theta`; the
    evidence is Shiryaev and Roberts', :math:`R_b \leftarrow (R_b + p_t)\, e_b`, :math:`R` the mean of the four. With
    :math:`p_t = 1` the mean number of labels to a false alarm is at least the threshold, with
    :math:`p_t = 1 / (t (t + 1))` the probability of ever one at most its inverse. It holds for any waiting time of the
    labels that does not depend on the loss, and for losses that depend on each other as long as each one's mean,
    given those before it, is at most :math:`\theta`.

    Where the limit is estimated (:func:`risk_limit` at level :math:`\delta`) both hold with probability
    :math:`1 - \delta` over the reference. The paper bounds a running mean, which dilutes late changes; the bets here
    are its e-process, restarted at every label.

    Parameters
    ----------
    limit : float
        In (0, 1].
    threshold : float
    ever : bool
        Whether the prior sums to one.

    Examples
    --------
    >>> detector = RiskDetector(0.2, 1000.0)
    >>> rng = np.random.default_rng(0)
    >>> detector.update((rng.random(500) < 0.15).astype(float)), detector.update((rng.random(50) < 0.5).astype(float))
    ([], [534])
    """

    limit: float
    threshold: float
    ever: bool = False
    rows: int = 0
    evidence: Floats = field(default_factory=lambda: np.zeros(len(BETS)))

    def __post_init__(self) -> None:
        if not 0 < self.limit <= 1:
            raise BadInput(f"limit must be a loss above 0 and at most 1, got {self.limit!r}")

    @property
    def value(self) -> float:
        """The evidence, all bets together."""
        return float(self.evidence.mean())

    def update(self, losses: Floats) -> list[int]:
        """Read losses ``(t,)``; alarms by the number of the label among all read.

        Raises
        ------
        BadInput
            A loss is not in [0, 1].
        """
        losses = np.asarray(losses, np.float64)
        if not ((losses >= 0) & (losses <= 1)).all():
            raise BadInput("losses must lie in [0, 1]; scale them, and leave missing ones out")
        alarms = []
        for e in 1 + BETS * (losses[:, None] / self.limit - 1):
            t = self.rows + 1.0
            self.evidence = (self.evidence + (1 / (t * (t + 1)) if self.ever else 1.0)) * e
            if self.value >= self.threshold:
                alarms.append(self.rows)
                self.evidence = np.zeros(len(BETS))
            self.rows += 1
        return alarms


def risk_limit(losses: Floats, *, level: float = 0.05, tolerance: float = 0.0) -> float:
    """Upper confidence bound of a risk from losses ``(n,)`` in [0, 1], plus a tolerance; at most 1.

    Clopper and Pearson's where all losses are 0 or 1; else the empirical Bernstein bound of :class:`RiskSequence`.

    Parameters
    ----------
    losses : (n,) float64
    level : float
        Probability that the risk lies above the bound.
    tolerance : float

    Raises
    ------
    BadInput
        No loss, or one outside [0, 1].

    Examples
    --------
    >>> round(risk_limit(np.zeros(100)), 3)  # 1 - .05 ** (1 / 100)
    0.03
    """
    losses = np.asarray(losses, np.float64)
    if not len(losses) or not ((losses >= 0) & (losses <= 1)).all():
        raise BadInput("losses must be numbers in [0, 1], and at least one")
    if np.isin(losses, (0.0, 1.0)).all():
        wrong = losses.sum()
        high = 1.0 if wrong == len(losses) else float(stats.beta.ppf(1 - level, wrong + 1, len(losses) - wrong))
    else:
        sequence = RiskSequence(2 * level)
        sequence.update(losses)
        high = sequence.interval[1]
    return min(1.0, high + tolerance)
