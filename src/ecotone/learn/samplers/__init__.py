"""Run a denoiser along a schedule."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._euler import Euler as Euler
    from ._heun import Heun as Heun
    from ._probability_flow import ProbabilityFlow as ProbabilityFlow
    from ._sampler import Sampler as Sampler

__getattr__, __dir__, __all__ = attach(__name__, __file__)
