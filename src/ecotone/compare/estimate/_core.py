"""What every estimator of one metric of one set of predictions reads; each part made on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecotone.contracts import Floats
from ecotone.measure.scores import Metric, SoftSample, metric_named

from ._nuisance import Nuisance, nuisance
from ._predictions import Predictions


@dataclass(frozen=True)
class Core:
    """One metric of one set of predictions, with the fits that several estimators share.

    ``outcome`` and ``weighted`` are samples in which a classifier's current rows are stood for by a model of their
    labels, or by the weighted reference rows; ``moments`` and ``weighted_moments`` the same of means over rows.
    """

    data: Predictions
    metric: Metric
    seed: int

    @classmethod
    def of(cls, predictions: Predictions, metric: str | Metric, seed: int) -> Core:
        """The core of these arguments, made once."""
        metric = metric_named(metric) if isinstance(metric, str) else metric
        predictions.check(metric)
        found: Core = predictions.cache.setdefault(("core", metric.name, seed), cls(predictions, metric, seed))
        return found

    @property
    def shared(self) -> Nuisance:
        return nuisance(self.data, self.seed)

    @cached_property
    def reference(self) -> float:
        """The metric of the reference rows; NaN where it is 0/0."""
        return self.data.reference_value(self.metric)

    @cached_property
    def nobody(self) -> bool:
        """Whether precision is asked for and no current row is predicted positive; no label could give it a value."""
        d = self.data
        return self.metric.name == "precision" and len(d.classes) == 2 and not (d.predicted_current == d.positive).any()

    # ------------------------------------------------------------------ of a classifier's labels
    @property
    def outcome(self) -> SoftSample:
        """The current rows under the modelled probabilities of their labels."""
        return self.data.sample("current", self.shared.conditional()[1])

    @property
    def weighted(self) -> SoftSample:
        """The reference rows that carry weights, with their labels, weighted to look like the current rows."""
        return self.data.sample("reference", rows=self.shared.rows).weighted(self.shared.weights)

    # ------------------------------------------------------------------ of means over rows
    @property
    def by_moments(self) -> bool:
        """Whether the metric is made of means over rows, so that its error has a formula."""
        return self.data.is_regression or self.metric.rows is not None

    @cached_property
    def moments(self) -> tuple[Floats, Floats, Floats]:
        """Reference rows' moments, their expectation there (out of fold), and on the current rows."""
        d, s = self.data, self.shared
        if d.is_regression:
            return (self.metric.moments_of(d.y_reference, d.predicted_reference), *s.moments(self.metric))
        assert self.metric.rows is not None
        q_ref, q_cur = s.conditional()
        ref, cur = d.sample("reference"), self.outcome
        rows = self.metric.rows(ref)
        truth, expected = (ref.mass * rows).sum(axis=1), (q_ref * rows).sum(axis=1)
        return truth[:, None], expected[:, None], (q_cur * self.metric.rows(cur)).sum(axis=1)[:, None]

    def weighted_mean(self, of_reference: Floats) -> Floats:
        """Weighted mean of moments (n_ref, m) over the reference rows that carry weights."""
        return np.asarray(np.average(of_reference[self.shared.rows], axis=0, weights=self.shared.weights))
