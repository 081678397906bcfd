"""What training minimises."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._denoising import Denoising as Denoising

__getattr__, __dir__, __all__ = attach(__name__, __file__)
