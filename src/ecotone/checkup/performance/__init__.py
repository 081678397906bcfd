"""How good the model is on each table: outputs, metrics, intervals, groups, attribution."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._attribution_parts import COLUMNS as COLUMNS
    from ._attribution_parts import LABELS as LABELS
    from ._attribution_parts import Attribution as Attribution
    from ._attribution_parts import PartOfChange as PartOfChange
    from ._class_facts import Calibration as Calibration
    from ._class_facts import ClassShares as ClassShares
    from ._class_facts import Correction as Correction
    from ._columns_read import ColumnsRead as ColumnsRead
    from ._columns_read import Leak as Leak
    from ._details import ClassDetails as ClassDetails
    from ._details import Details as Details
    from ._expected_metric import expected_metric as expected_metric
    from ._metric_values import Bound as Bound
    from ._metric_values import Ends as Ends
    from ._metric_values import GroupMetric as GroupMetric
    from ._metric_values import LabelPlan as LabelPlan
    from ._metric_values import Measured as Measured
    from ._metric_values import MeasuredNow as MeasuredNow
    from ._metric_values import Powered as Powered
    from ._model_actions import Deferral as Deferral
    from ._model_actions import DeferralPoint as DeferralPoint
    from ._model_actions import Retraining as Retraining
    from ._model_actions import RetrainingPoint as RetrainingPoint
    from ._model_actions import RowsToLabel as RowsToLabel
    from ._model_actions import RowToLabel as RowToLabel
    from ._onnx_model import opened as opened
    from ._performance import performance as performance
    from ._performance_result import Performance as Performance
    from ._predict_with import predict_with as predict_with

__getattr__, __dir__ = attach(__name__, __file__)
