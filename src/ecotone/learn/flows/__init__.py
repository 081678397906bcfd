"""Flows: invertible maps between data and noise, with exact densities."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._ffjord import FFJORD as FFJORD
    from ._maf import MAF as MAF
    from ._marginal_tail_adaptive_flow import MarginalTailAdaptiveFlow as MarginalTailAdaptiveFlow
    from ._neural_spline_flow import NeuralSplineFlow as NeuralSplineFlow
    from ._planar_flow import PlanarFlow as PlanarFlow
    from ._real_nvp import RealNVP as RealNVP
    from ._tarflow import TarFlow as TarFlow

__getattr__, __dir__ = attach(__name__, __file__)
