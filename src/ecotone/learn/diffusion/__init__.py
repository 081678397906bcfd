"""Generators that a denoiser and a process make."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._edm import EDM as EDM

__getattr__, __dir__, __all__ = attach(__name__, __file__)
