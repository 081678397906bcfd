"""Scores of a trained network's activations."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._energy import Energy as Energy
    from ._fdbd import FDBD as FDBD
    from ._nn_guide import NNGuide as NNGuide
    from ._post_hoc import PostHoc as PostHoc
    from ._react import ReAct as ReAct
    from ._shaper import Function as Function
    from ._shaper import Shaped as Shaped
    from ._shaper import Shaper as Shaper
    from ._she import SHE as SHE
    from ._vim import ViM as ViM

__getattr__, __dir__, __all__ = attach(__name__, __file__)
