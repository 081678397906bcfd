"""Predict a label from a row."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._diffusion_classifier import diffusion_classifier as diffusion_classifier

__getattr__, __dir__ = attach(__name__, __file__)
