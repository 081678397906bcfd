"""What could be done about a model, in numbers: rows to defer, rows to label, and what retraining brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ecotone.checkup.as_json import Keys
from ecotone.checkup.rows import Place


@dataclass(frozen=True)
class DeferralPoint:
    """The accuracy of the rest if this share of the rows is deferred."""

    share: float
    accuracy: float


@dataclass(frozen=True)
class Deferral:
    """The rows that the model is least sure of.

    Parameters
    ----------
    share : float
    rows : int
    accuracy, accuracy_of_the_rest : float
        Of all rows, and of those that are kept.
    reference : float
        Of the reference rows.
    by : str
        ``labels`` or ``calibrated confidence``; ``from`` in JSON.
    curve : tuple of DeferralPoint
    index : tuple of Place
        At most 200 of them.
    """

    share: float
    rows: int
    accuracy: float
    accuracy_of_the_rest: float
    reference: float
    by: str
    curve: tuple[DeferralPoint, ...]
    index: tuple[Place, ...]

    JSON: ClassVar[Keys] = (
        "share", "rows", "accuracy", "accuracy_of_the_rest", "reference", ("from", "by"), "curve", "index",
    )  # fmt: skip


@dataclass(frozen=True)
class RowToLabel(Place):
    """A row to label, and how many rows it stands for."""

    weight: float


@dataclass(frozen=True)
class RowsToLabel:
    """Rows whose labels give an interval of this half-width, of this quantity and level."""

    rows: int
    half_width: float
    level: float
    of: str
    index: tuple[RowToLabel, ...]


@dataclass(frozen=True)
class RetrainingPoint:
    """What retraining on so many labels brings."""

    labels: int
    gain: float | None
    interval: tuple[float | None, float | None]


@dataclass(frozen=True)
class Retraining:
    """What a model trained on the labelled current rows brings, by cross-validation.

    Parameters
    ----------
    gain, interval
        In the metric's unit, positive where the new model is better.
    unknown : str or None
        Why the gain is not to be relied on.
    metric : str
    present, retrained : float
        The metric of both models on the same rows.
    labels, units, folds : int
    curve : tuple of RetrainingPoint
    """

    gain: float
    interval: tuple[float, float]
    unknown: str | None
    metric: str
    present: float
    retrained: float
    labels: int
    units: int
    folds: int
    curve: tuple[RetrainingPoint, ...]
