"""Scores fitted on rows of the reference alone."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._gaussian_mixture_density import GaussianMixtureDensity as GaussianMixtureDensity

__getattr__, __dir__, __all__ = attach(__name__, __file__)
