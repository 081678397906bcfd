"""What is known of a chunk's loss before its labels come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LossEstimate:
    """A chunk's expected loss without labels, in the unit of its realised loss.

    Parameters
    ----------
    rows : int
        The chunk's last rows, those that were kept when it ended.
    value, low, high : float or None
        With the ends of its 90 % interval; None where there is no estimate.
    unknown : str
        Why nothing should be concluded from it; empty where something may.
    """

    rows: int
    value: float | None
    low: float | None
    high: float | None
    unknown: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, where something may be concluded from them."""
        return (self.low, self.high) if not self.unknown and self.low is not None and self.high is not None else None

    def joined(self, later: LossEstimate) -> LossEstimate:
        """Of both stretches as one, by rows: the mean of two intervals, which is wider than the mean's own."""
        if self.value is None or later.value is None:
            return self if later.value is None else later
        share = self.rows / (self.rows + later.rows)
        value, low, high = (
            share * a + (1 - share) * b if a is not None and b is not None else None
            for a, b in ((self.value, later.value), (self.low, later.low), (self.high, later.high))
        )
        return LossEstimate(self.rows + later.rows, value, low, high, self.unknown or later.unknown)
