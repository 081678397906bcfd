"""P-values of any score, at hand where the scores are."""

from ecotone.decide.conformal import Calibrated as Calibrated
