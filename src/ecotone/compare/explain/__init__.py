"""What moved between two samples, and what it did."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._conditional_change import ConditionalChange as ConditionalChange
    from ._conditional_change import conditional_change as conditional_change
    from ._describe_shift import Movement as Movement
    from ._describe_shift import describe_shift as describe_shift
    from ._feature_shift_test import FeatureShifts as FeatureShifts
    from ._feature_shift_test import feature_shift_test as feature_shift_test
    from ._model_divergence import model_divergence as model_divergence
    from ._performance_shift_attribution import PerformanceShiftAttribution as PerformanceShiftAttribution
    from ._transport_explanation import TransportExplanation as TransportExplanation

__getattr__, __dir__ = attach(__name__, __file__)
