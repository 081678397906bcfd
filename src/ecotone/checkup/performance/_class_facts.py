"""What is known of a classifier's probabilities and of the shares of its classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from ecotone.checkup.as_json import Keys


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are off on the reference rows, and about how far after calibration."""

    error: float
    pvalue: float
    after: float | None
    rows: int


@dataclass(frozen=True)
class Correction:
    """Log loss and accuracy of the probabilities as they are, and corrected to the new shares."""

    log_loss: tuple[float, float]
    accuracy: tuple[float, float]


@dataclass(frozen=True)
class ClassShares:
    """Shares of the classes in both tables.

    Parameters
    ----------
    source : {"labels", "probabilities"}
        Counted, or estimated as if p(x|y) held; ``from`` in JSON.
    classes : tuple of str
    rows : (int, int)
    reference : tuple of float
    current : tuple of float or None
    interval : tuple of (float, float) or None
        Of each class's change, for all of them jointly.
    level : float
    correction : Correction or None
        What correcting the probabilities brings, where it surely helps.
    refused : str or None
        Why nothing is said of the current table.
    """

    source: Literal["labels", "probabilities"]
    classes: tuple[str, ...]
    rows: tuple[int, int]
    reference: tuple[float, ...]
    current: tuple[float, ...] | None
    interval: tuple[tuple[float, float], ...] | None
    level: float
    correction: Correction | None
    refused: str | None

    JSON: ClassVar[Keys] = (
        ("from", "source"), "classes", "rows", "reference", "current", "interval", "level", "correction", "refused",
    )  # fmt: skip
