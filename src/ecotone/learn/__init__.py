"""Learn a distribution, draw from it, say how likely a row is. Needs the ``torch`` extra."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._condition import Condition as Condition
    from ._contracts import Batch as Batch
    from ._contracts import Codec as Codec
    from ._contracts import Denoiser as Denoiser
    from ._contracts import FlowMap as FlowMap
    from ._contracts import Hook as Hook
    from ._contracts import Loss as Loss
    from ._contracts import Population as Population
    from ._contracts import Prediction as Prediction
    from ._contracts import Process as Process
    from ._contracts import Schedule as Schedule
    from ._contracts import Tilt as Tilt
    from ._distribution import Distribution as Distribution
    from ._distribution import Generator as Generator
    from ._distribution import Implicit as Implicit
    from ._distribution import Reparameterised as Reparameterised
    from ._likelihood import Density as Density
    from ._likelihood import Likelihood as Likelihood
    from ._loading import load as load
    from ._random import RowRandom as RowRandom
    from ._standardised import Standardised as Standardised
    from .autoregressive import GIVT as GIVT
    from .autoregressive import NADE as NADE
    from .diffusion import EDM as EDM
    from .diffusion import JUMP as JUMP
    from .diffusion import FlowMatching as FlowMatching
    from .diffusion import GaussianDiffusion as GaussianDiffusion
    from .diffusion import GeneralizedMaskedTokens as GeneralizedMaskedTokens
    from .diffusion import InterpolatingTokens as InterpolatingTokens
    from .diffusion import MaskedTokens as MaskedTokens
    from .diffusion import ScoreSDE as ScoreSDE
    from .flows import FFJORD as FFJORD
    from .flows import MAF as MAF
    from .flows import MarginalTailAdaptiveFlow as MarginalTailAdaptiveFlow
    from .flows import NeuralSplineFlow as NeuralSplineFlow
    from .flows import PlanarFlow as PlanarFlow
    from .flows import RealNVP as RealNVP
    from .flows import TarFlow as TarFlow
    from .latent import IWAE as IWAE
    from .latent import VAE as VAE
    from .latent import ConditionalVAE as ConditionalVAE
    from .latent import InfoVAE as InfoVAE
    from .tables import TableModel as TableModel
    from .tractable import GaussianMixture as GaussianMixture
    from .tractable import KernelDensity as KernelDensity
    from .tractable import StackedDensity as StackedDensity
    from .tractable import TokenTable as TokenTable
    from .training import Training as Training

__getattr__, __dir__, __all__ = attach(__name__, __file__)
