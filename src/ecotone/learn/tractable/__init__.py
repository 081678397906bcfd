"""Distributions whose answers are exact."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._gaussian_mixture import GaussianMixture as GaussianMixture
    from ._kernel_density import KernelDensity as KernelDensity
    from ._stacked_density import StackedDensity as StackedDensity
    from ._token_table import TokenTable as TokenTable

__getattr__, __dir__ = attach(__name__, __file__)
