"""Denoisers from networks and from other denoisers."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._network_denoiser import NetworkDenoiser as NetworkDenoiser

__getattr__, __dir__, __all__ = attach(__name__, __file__)
