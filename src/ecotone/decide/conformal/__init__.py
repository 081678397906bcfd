"""Scores into p-values that hold in finite samples."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._calibrated import Calibrated as Calibrated
    from ._conformal_pvalues import conformal_pvalues as conformal_pvalues
    from ._needed import calibration_size as calibration_size
    from ._weighted_conformal import WeightedConformal as WeightedConformal

__getattr__, __dir__ = attach(__name__, __file__)
