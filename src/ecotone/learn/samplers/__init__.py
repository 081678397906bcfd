"""Run a denoiser along a schedule."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._ancestral import Ancestral as Ancestral
    from ._dbim import DBIM as DBIM
    from ._ddim import DDIM as DDIM
    from ._dpm_solver import DPMSolver as DPMSolver
    from ._euler import Euler as Euler
    from ._first_hitting_sampler import first_hitting_sampler as first_hitting_sampler
    from ._heun import Heun as Heun
    from ._in_order import InOrder as InOrder
    from ._interpolant_sde import InterpolantSDE as InterpolantSDE
    from ._predictor_corrector import PredictorCorrector as PredictorCorrector
    from ._probability_flow import ProbabilityFlow as ProbabilityFlow
    from ._reverse_kernel import ReverseKernel as ReverseKernel
    from ._sampler import MultistepMemory as MultistepMemory
    from ._sampler import Sampler as Sampler
    from ._self_correction import self_correction as self_correction
    from ._token_ancestral import TokenAncestral as TokenAncestral

__getattr__, __dir__ = attach(__name__, __file__)
