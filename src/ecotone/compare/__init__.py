"""Statements about two samples."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from .explain import model_divergence as model_divergence

__getattr__, __dir__ = attach(__name__, __file__)
