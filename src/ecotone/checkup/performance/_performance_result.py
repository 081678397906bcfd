"""What is known of a model's metric on the current rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._attribution_parts import Attribution
from ._details import ClassDetails, Details
from ._metric_values import Bound, Ends, GroupMetric, LabelPlan, Measured, MeasuredNow


@dataclass(frozen=True)
class Performance:
    """What is known of a model's metric on the current rows; intervals are 90 %.

    Parameters
    ----------
    metric : str
    reference : Measured
        On the reference rows.
    estimate, interval : float, (float, float)
        Doubly robust, without the current labels; None where the metric is 0/0, and ``unknown`` says why.
    assumption : str
    unknown : str or None
        Why the estimate should not be acted on.
    estimators : mapping of str to float
        Every estimator's value.
    bound : Bound or None
    actual : MeasuredNow or None
        Where current labels are there.
    attribution : Attribution or None
        Where current labels are there.
    raised : bool
        Whether the global test passes its share of alpha.
    pvalue : float
        Of "performance has not become worse". Without labels it assumes that p(y|x) held.
    test : str
    groups : tuple of GroupMetric or None
    labels : LabelPlan or None
        How many random labels give an interval of what half-width; None where every row is labelled, and where the
        metric is undefined on the reference.
    warning : str or None
        Signs that the reference rows trained the model. Never an alarm.
    notes : tuple of str
    greater_is_better : bool
    details : Details
    """

    metric: str
    reference: Measured
    estimate: float | None
    interval: Ends | None
    assumption: str
    unknown: str | None
    estimators: Mapping[str, float]
    bound: Bound | None
    actual: MeasuredNow | None
    attribution: Attribution | None
    raised: bool
    pvalue: float
    test: str
    groups: tuple[GroupMetric, ...] | None
    labels: LabelPlan | None
    warning: str | None
    notes: tuple[str, ...]
    greater_is_better: bool
    details: Details | ClassDetails

    @property
    def undefined(self) -> bool:
        """Whether the metric is 0/0 on one of the sides that the test compares."""
        now = self.estimate if self.actual is None else self.actual.value
        return self.reference.value is None or now is None
