"""A score for one row: of a network's activations, and of plain rows in ``anomaly`` and ``density``."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._calibrated import Calibrated as Calibrated
    from .posthoc import *

__getattr__, __dir__ = attach(__name__, __file__)
