"""What every estimator of a metric reads: the columns, the predictions, and the labels that there are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Bools, Floats, Ints
from ecotone.measure.scores import Metric, SoftSample, one_hot


@dataclass(frozen=True)
class Predictions:
    """A model's predictions on reference rows, with labels, and on current rows, with few labels or none.

    Reference rows must not have trained the model: otherwise its metric there, and every estimate from it, is too good.

    Parameters
    ----------
    x_reference, x_current : (n, d) float64
        The columns as trees read them: NaN where missing, codes where categorical.
    y_reference, y_current : (n,) float64 or int64, or None
        Codes into ``classes``, or numbers; -1 or NaN where missing. The reference has all of its labels.
    predicted_reference, predicted_current : (n,) int64 codes or float64 numbers
    p_reference, p_current : (n, k) float64 or None
        Probabilities of the classes, rows summing to one.
    classes : tuple of str
        Empty: a regression.
    categorical : (d,) bool or None
    positive : int
        Code of the positive class where there are two.
    units : ((n_ref,) int64, (n_cur,) int64) or None
        Rows with equal numbers belong to one unit.
    """

    x_reference: Floats
    x_current: Floats
    y_reference: NDArray[Any]
    predicted_reference: NDArray[Any]
    predicted_current: NDArray[Any]
    p_reference: Floats | None = None
    p_current: Floats | None = None
    y_current: NDArray[Any] | None = None
    classes: tuple[str, ...] = ()
    categorical: Bools | None = None
    positive: int = 1
    units: tuple[Ints, Ints] | None = None
    cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for side in ("reference", "current"):
            n = len(getattr(self, f"x_{side}"))
            if n == 0:
                raise BadInput(f"x_{side} is empty; give at least one row")
            for name in (f"y_{side}", f"predicted_{side}", f"p_{side}"):
                given = getattr(self, name)
                if given is not None and len(given) != n:
                    raise BadInput(f"{name} has {len(given)} rows and x_{side} has {n}; give one per row")
        if self.x_reference.shape[1] != self.x_current.shape[1]:
            raise BadInput(
                f"x_reference has {self.x_reference.shape[1]} columns and x_current has {self.x_current.shape[1]}; "
                "give both the same"
            )
        if (self.p_reference is None) != (self.p_current is None):
            raise BadInput("p_reference and p_current must both be given, or neither")
        if self.missing_labels(self.y_reference).any():
            raise BadInput("y_reference lacks labels; leave those rows out")

    def take(self, reference: Ints, current: Ints) -> Predictions:
        """The predictions at some rows of both tables."""
        sides = {"reference": reference, "current": current}
        changed: dict[str, Any] = {"cache": {}}
        for side, rows in sides.items():
            for name in (f"x_{side}", f"y_{side}", f"predicted_{side}", f"p_{side}"):
                values = getattr(self, name)
                changed[name] = None if values is None else values[rows]
        if self.units is not None:
            changed["units"] = (self.units[0][reference], self.units[1][current])
        return replace(self, **changed)

    @property
    def is_regression(self) -> bool:
        return not self.classes

    @property
    def probabilities(self) -> tuple[Floats, ...]:
        """Those of the reference and of the current rows, or nothing."""
        return () if self.p_reference is None or self.p_current is None else (self.p_reference, self.p_current)

    def check(self, metric: Metric) -> None:
        """Raise ``BadInput`` where the metric is not one of these predictions."""
        if (metric.task == "regression") != self.is_regression:
            kind = "numbers" if self.is_regression else "classes"
            raise BadInput(f"metric {metric.name!r} is one of {metric.task}; the predictions are {kind}")
        if metric.needs_probability and self.p_reference is None:
            raise BadInput(f"metric {metric.name!r} needs probabilities; give them or another metric")

    def missing_labels(self, y: NDArray[Any]) -> Bools:
        """True where a label is missing."""
        return np.isnan(y) if self.is_regression else ~(np.asarray(y, dtype=np.float64) >= 0)

    @property
    def labelled(self) -> Ints:
        """Positions of the current rows whose label is known."""
        return np.empty(0, np.int64) if self.y_current is None else np.flatnonzero(~self.missing_labels(self.y_current))

    def sample(self, side: str, mass: Floats | None = None, rows: Ints | slice = slice(None)) -> SoftSample:
        """Rows of ``reference`` or ``current`` with their labels, or with the masses given."""
        p = getattr(self, f"p_{side}")
        if mass is None:
            y = np.asarray(getattr(self, f"y_{side}"), dtype=np.float64)[rows]
            mass = one_hot(np.where(y >= 0, y, -1).astype(np.int64), len(self.classes))
        predicted = np.asarray(getattr(self, f"predicted_{side}")[rows], dtype=np.int64)
        return SoftSample(mass, predicted, None if p is None else p[rows], self.positive)

    def reference_value(self, metric: Metric) -> float:
        """The metric of the reference rows."""
        if self.is_regression:
            return metric.of_numbers(self.y_reference, self.predicted_reference)
        return metric.of(self.sample("reference"))

    def undefined(self, metric: Metric, side: str, rows: Ints | slice = slice(None)) -> str | None:
        """Why the metric of labelled rows of ``reference`` or ``current`` is 0/0, or None where it has a value."""
        if self.is_regression:
            return metric.undefined_numbers(getattr(self, f"y_{side}")[rows])
        return metric.undefined(self.sample(side, rows=rows))

    def actual_value(self, metric: Metric) -> float:
        """The metric of the current rows whose label is known."""
        rows = self.labelled
        if len(rows) == 0 or self.y_current is None:
            raise BadInput("y_current has no label; the actual metric needs some")
        if self.is_regression:
            return metric.of_numbers(self.y_current[rows], self.predicted_current[rows])
        return metric.of(self.sample("current", rows=rows))
