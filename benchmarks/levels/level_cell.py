"""One line of the table: a test under one null distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ALPHAS = (0.05, 0.01)
Errors = tuple[float, ...]  # what one replicate did wrong at each level: 0, 1, or a share where a rate is promised


@dataclass(frozen=True)
class Cell:
    """One line of the table.

    Parameters
    ----------
    test : callable
        ``(seed, null)`` to the errors of one replicate. It is named as the method that it runs, and the digest covers
        what it reaches.
    null : str
        The distribution, in the words of the table.
    what : str
        What counts as an error: a rejection, any rejection among several, or the share of false ones.
    """

    test: Callable[[int, str], Errors]
    null: str
    what: str = "rejection"

    @property
    def name(self) -> str:
        """Also that of its entry in the results."""
        return f"{self.test.__name__}, {self.null}"


def rejected(pvalue: float) -> Errors:
    """Whether a p-value is at or below each level; rounding in the last digit is no reason to keep."""
    return tuple(float(pvalue <= alpha * (1 + 1e-12)) for alpha in ALPHAS)
