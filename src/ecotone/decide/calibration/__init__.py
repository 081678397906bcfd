"""Probabilities and predictive distributions that keep their word."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._calibration_error import CalibrationError as CalibrationError
    from ._calibration_error import calibration_error as calibration_error
    from ._crude import CRUDE as CRUDE
    from ._isotonic_calibration import IsotonicCalibration as IsotonicCalibration
    from ._platt_scaling import PlattScaling as PlattScaling
    from ._temperature_scaling import TemperatureScaling as TemperatureScaling

__getattr__, __dir__ = attach(__name__, __file__)
