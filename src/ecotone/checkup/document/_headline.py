"""What leads a check: the alarms that are raised, and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ecotone.compare.two_sample import Guarantee

Answer = Literal["changed", "no change found", "cannot tell"]
Alarm = Literal["material", "performance", "changed", "outliers"]
#: In the order in which they lead.
ALARMS: tuple[Alarm, ...] = ("material", "performance", "changed", "outliers")


@dataclass(frozen=True)
class Headline:
    """What leads a check.

    Parameters
    ----------
    alarms : tuple of str
        Of ``material``, ``performance``, ``changed``, ``outliers``.
    answer : {"changed", "no change found", "cannot tell"}
        ``cannot tell`` where no test could have raised an alarm, whatever had changed.
    sentence : str
    alpha : float
        As asked for.
    guarantee, reason : str
    """

    alarms: tuple[Alarm, ...]
    answer: Answer
    sentence: str
    alpha: float
    guarantee: Guarantee
    reason: str
