"""Scores of predictions: metrics, and what each row contributes to them."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._metrics import METRICS as METRICS
    from ._metrics import Metric as Metric
    from ._metrics import metric_named as metric_named
    from ._soft_sample import SoftSample as SoftSample
    from ._soft_sample import one_hot as one_hot

__getattr__, __dir__ = attach(__name__, __file__)
