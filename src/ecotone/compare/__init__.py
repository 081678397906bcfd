"""Statements about two samples."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from .explain import models as models

__getattr__, __dir__, __all__ = attach(__name__, __file__)
