"""What lies outside, by a trained network's activations: every score, one recommendation, reasons, a report."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._detect_outliers import detect_outliers as detect_outliers
    from ._fit_scores import Fitted as Fitted
    from ._fit_scores import fit_scores as fit_scores
    from ._outside_result import OutsideResult as OutsideResult

__getattr__, __dir__ = attach(__name__, __file__)
