"""The times that a sampler visits."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._karras import Karras as Karras
    from ._uniform import Uniform as Uniform

__getattr__, __dir__, __all__ = attach(__name__, __file__)
