"""What an estimator is made of, and its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Estimate, Floats
from ecotone.measure.scores import SoftSample

from ._core import Core
from ._predictions import Predictions

#: Around a value at a level.
Interval = Callable[[Core, float, float], tuple[float, float]]

COVARIATE_SHIFT = (
    "p(y|x) is the same in both tables, and the reference has rows wherever the current table has; "
    "a change of p(y|x) cannot be seen without labels."
)


@dataclass(frozen=True)
class Estimator:
    """How one method estimates the metric of the current rows; what it cannot estimate it leaves None.

    Parameters
    ----------
    name : str
    assumption : str
        One sentence, given with every answer.
    sample : callable (Core) -> SoftSample, optional
        Of a classifier: rows with masses on the labels, of which the metric is computed.
    moments : callable (Core) -> (m,) array, optional
        Of a regression: the means over the current rows of which the metric is a function.
    direct : callable (Core) -> float, optional
        In the place of ``sample``, from probabilities, where no sample stands behind the number.
    only : tuple of str
        Names of the metrics of a classifier that it estimates; all of them where empty.
    unless : tuple of callable (Core) -> str or None
        What makes the answer unknown: the first of them that gives a reason is told.
    """

    name: str
    assumption: str
    sample: Callable[[Core], SoftSample] | None = None
    moments: Callable[[Core], Floats] | None = None
    direct: Callable[[Core], float] | None = None
    only: tuple[str, ...] = ()
    unless: tuple[Callable[[Core], str | None], ...] = ()

    def refused(self, core: Core) -> str | None:
        """Why it has no value for predictions of this kind, or None where it has."""
        name, metric = self.name, core.metric.name
        if core.data.is_regression:
            if self.moments is not None:
                return None
            return (
                f"{name} reads the probabilities of a classifier's labels, and {metric} is the metric of a regression; "
                "use dle or doubly_robust"
            )
        if self.sample is None and self.direct is None:
            return f"{name} is for regressions; use cbpe for a classifier"
        if self.only and metric not in self.only:
            return f"{name} estimates {' and '.join(self.only)}, not {metric}; use doubly_robust for other metrics"
        if self.direct is not None and not core.data.probabilities:
            return f"{name} needs probabilities; use doubly_robust, which does not"
        return None

    def value(self, core: Core) -> float:
        """In the metric's range; NaN where the metric is 0/0, on the reference too. Refused predictions raise."""
        if (why := self.refused(core)) is not None:
            raise BadInput(why)
        if np.isnan(core.reference) or core.nobody:
            return float("nan")
        return core.metric.clip(self._value(core))

    def _value(self, core: Core) -> float:
        if core.data.is_regression:
            assert self.moments is not None
            return core.metric.of_moments(self.moments(core))
        if self.direct is not None:
            return self.direct(core)
        assert self.sample is not None
        return core.metric.of(self.sample(core))

    def undefined(self, core: Core) -> str | None:
        """Why the value is 0/0, or None where there is one."""
        if (why := core.data.undefined(core.metric, "reference")) is not None:
            return f"{core.metric.name} is undefined on the reference: {why}"
        if np.isfinite(self.value(core)):
            return None
        if core.nobody:
            return "precision is undefined on the current rows: the model predicts the positive class for none of them"
        why = None if core.data.is_regression or self.sample is None else core.metric.undefined(self.sample(core))
        return f"{core.metric.name} is undefined on the current rows: {why or 'it is 0/0'}"


def estimate(
    estimator: Estimator,
    interval: Interval,
    predictions: Predictions,
    metric: str,
    *,
    level: float,
    seed: int,
) -> Estimate:
    """The estimator's answer. Where the metric is 0/0 the value is NaN, and unknown for that reason."""
    core = Core.of(predictions, metric, seed)
    if not 0 < level < 1:
        raise BadInput(f"level must lie between 0 and 1, got {level!r}; try 0.9")
    value = estimator.value(core)
    reasons = (reason(core) for reason in (estimator.undefined, *estimator.unless))
    unknown = next((why for why in reasons if why is not None), None)
    details: dict[str, Any] = {"metric": core.metric.name, "reference": core.reference}
    around = interval(core, value, level)
    return Estimate(value, around, estimator.name, estimator.assumption, level, unknown, details)
