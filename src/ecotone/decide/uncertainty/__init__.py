"""Uncertainty of inputs carried to uncertainty of outputs."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._propagate_stable_distribution import propagate_stable_distribution as propagate_stable_distribution
    from ._stable_distribution import StableDistribution as StableDistribution

__getattr__, __dir__ = attach(__name__, __file__)
