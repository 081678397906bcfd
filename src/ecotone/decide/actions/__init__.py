"""What to do with one row: accept, defer, label."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._centroid_deferral import CentroidDeferral as CentroidDeferral
    from ._confidence_deferral import ConfidenceDeferral as ConfidenceDeferral
    from ._confidence_deferral import deferral_curve as deferral_curve
    from ._rows_to_label import LabelPlan as LabelPlan
    from ._rows_to_label import rows_to_label as rows_to_label

__getattr__, __dir__ = attach(__name__, __file__)
