"""A metric's value and what is sure of it: measured by labels, bounded without, and by group."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecotone.checkup.as_json import OPTIONAL

#: The ends of an interval, None where one is open.
Ends = tuple[float | None, float | None]


@dataclass(frozen=True)
class Measured:
    """A metric of labelled rows.

    Parameters
    ----------
    value, interval
        None where the metric is 0/0, or has no interval.
    level : float
        Of the interval.
    rows, units : int
        Rows, and independent units among them.
    method : str
        How the interval was found.
    undefined : str or None
        Why there is no value.
    """

    value: float | None
    interval: Ends | None
    level: float
    rows: int
    units: int
    method: str
    undefined: str | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True)
class Powered:
    """The prediction-powered value of a metric, and the weight of the predictions in it."""

    value: float
    interval: Ends
    weight: float


@dataclass(frozen=True)
class MeasuredNow(Measured):
    """A metric of the labelled current rows; prediction-powered, too, where they are a sample of them."""

    prediction_powered: Powered | None = None


@dataclass(frozen=True)
class Bound:
    """Where the metric lies if the odds of being right are off by at most ``factor`` in every row."""

    factor: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class LabelPlan:
    """So many random labels give an interval of this half-width, of this quantity and level."""

    rows: int
    half_width: float
    of: str
    level: float


@dataclass(frozen=True)
class GroupMetric:
    """A metric in one group of rows.

    Parameters
    ----------
    name : str
    rows : (int, int)
        Of the reference and of current.
    estimate, interval
        Without the current labels; None where it is not known.
    unknown : str or None
        Why it should not be acted on.
    reference : float
        The group's own, where an estimate was made.
    actual : Measured
        Where rows of the group have labels.
    """

    name: str
    rows: tuple[int, int]
    estimate: float | None
    interval: Ends | None
    unknown: str | None
    reference: float | None = field(default=None, metadata=OPTIONAL)
    actual: Measured | None = field(default=None, metadata=OPTIONAL)
