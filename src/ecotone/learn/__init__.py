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
    from ._contracts import Tuner as Tuner
    from ._distribution import Distribution as Distribution
    from ._distribution import Generator as Generator
    from ._distribution import Implicit as Implicit
    from ._distribution import Reparameterised as Reparameterised
    from ._likelihood import Density as Density
    from ._likelihood import Likelihood as Likelihood
    from ._loading import load as load
    from ._random import RowRandom as RowRandom
    from ._standardised import Standardised as Standardised
    from .autoregressive import *
    from .diffusion import *
    from .flows import *
    from .latent import *
    from .tables import *
    from .tractable import *
    from .training import Training as Training

__getattr__, __dir__ = attach(__name__, __file__)
