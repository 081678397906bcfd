"""How data become noise."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._absorbing_diffusion import AbsorbingDiffusion as AbsorbingDiffusion
    from ._coupled_interpolant import CoupledInterpolant as CoupledInterpolant
    from ._discrete_vp import DiscreteVP as DiscreteVP
    from ._edm_process import EDMProcess as EDMProcess
    from ._gaussian_process import GaussianProcess as GaussianProcess
    from ._generalized_masked_diffusion import GeneralizedMaskedDiffusion as GeneralizedMaskedDiffusion
    from ._interpolating_discrete_diffusion import InterpolatingDiscreteDiffusion as InterpolatingDiscreteDiffusion
    from ._interpolation import Interpolation as Interpolation
    from ._iterative_deblending import IterativeDeblending as IterativeDeblending
    from ._masked_diffusion import MaskedDiffusion as MaskedDiffusion
    from ._masking_process import MaskingProcess as MaskingProcess
    from ._poisson_flow import PoissonFlow as PoissonFlow
    from ._poisson_thinning import PoissonThinning as PoissonThinning
    from ._stochastic_interpolant import StochasticInterpolant as StochasticInterpolant
    from ._sub_vp import SubVP as SubVP
    from ._token_process import TokenProcess as TokenProcess
    from ._ve import VE as VE
    from ._vp import VP as VP

__getattr__, __dir__ = attach(__name__, __file__)
