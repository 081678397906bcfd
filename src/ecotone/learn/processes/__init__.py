"""How data become noise."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._edm_process import EDMProcess as EDMProcess
    from ._gaussian_process import GaussianProcess as GaussianProcess
    from ._sub_vp import SubVP as SubVP
    from ._ve import VE as VE
    from ._vp import VP as VP

__getattr__, __dir__, __all__ = attach(__name__, __file__)
