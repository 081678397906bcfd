"""A score for one row: of a network's activations, and of plain rows in ``anomaly`` and ``density``."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._calibrated import Calibrated as Calibrated
    from .posthoc import ASH as ASH
    from .posthoc import BLOOD as BLOOD
    from .posthoc import DICE as DICE
    from .posthoc import FDBD as FDBD
    from .posthoc import GEN as GEN
    from .posthoc import KNN as KNN
    from .posthoc import MSP as MSP
    from .posthoc import NAC as NAC
    from .posthoc import NCI as NCI
    from .posthoc import NECO as NECO
    from .posthoc import ODIN as ODIN
    from .posthoc import RMDS as RMDS
    from .posthoc import SCALE as SCALE
    from .posthoc import SHE as SHE
    from .posthoc import VRA as VRA
    from .posthoc import AdaSCALE as AdaSCALE
    from .posthoc import ConjNorm as ConjNorm
    from .posthoc import Energy as Energy
    from .posthoc import Entropy as Entropy
    from .posthoc import FunctionShaper as FunctionShaper
    from .posthoc import GradNorm as GradNorm
    from .posthoc import Igeood as Igeood
    from .posthoc import KLMatching as KLMatching
    from .posthoc import Mahalanobis as Mahalanobis
    from .posthoc import MaxLogit as MaxLogit
    from .posthoc import NNGuide as NNGuide
    from .posthoc import OptFS as OptFS
    from .posthoc import PostHoc as PostHoc
    from .posthoc import ReAct as ReAct
    from .posthoc import Residual as Residual
    from .posthoc import Shaped as Shaped
    from .posthoc import Shaper as Shaper
    from .posthoc import TemperatureScaled as TemperatureScaled
    from .posthoc import TPLDetector as TPLDetector
    from .posthoc import ViM as ViM
    from .posthoc import WDiscOOD as WDiscOOD

__getattr__, __dir__, __all__ = attach(__name__, __file__)
