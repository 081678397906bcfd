"""Scores of a trained network's activations."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._ada_scale import AdaSCALE as AdaSCALE
    from ._ash import ASH as ASH
    from ._blood import BLOOD as BLOOD
    from ._conjnorm import ConjNorm as ConjNorm
    from ._dice import DICE as DICE
    from ._energy import Energy as Energy
    from ._entropy import Entropy as Entropy
    from ._fdbd import FDBD as FDBD
    from ._gen import GEN as GEN
    from ._grad_norm import GradNorm as GradNorm
    from ._igeood import Igeood as Igeood
    from ._kl_matching import KLMatching as KLMatching
    from ._knn import KNN as KNN
    from ._mahalanobis import Mahalanobis as Mahalanobis
    from ._max_logit import MaxLogit as MaxLogit
    from ._msp import MSP as MSP
    from ._nac import NAC as NAC
    from ._nci import NCI as NCI
    from ._neco import NECO as NECO
    from ._nn_guide import NNGuide as NNGuide
    from ._odin import ODIN as ODIN
    from ._opt_fs import OptFS as OptFS
    from ._post_hoc import PostHoc as PostHoc
    from ._react import ReAct as ReAct
    from ._residual import Residual as Residual
    from ._rmds import RMDS as RMDS
    from ._scale import SCALE as SCALE
    from ._shaper import FunctionShaper as FunctionShaper
    from ._shaper import Shaped as Shaped
    from ._shaper import Shaper as Shaper
    from ._she import SHE as SHE
    from ._temperature_scaled import TemperatureScaled as TemperatureScaled
    from ._tpl_detector import TPLDetector as TPLDetector
    from ._vim import ViM as ViM
    from ._vra import VRA as VRA
    from ._wdiscood import WDiscOOD as WDiscOOD

__getattr__, __dir__ = attach(__name__, __file__)
