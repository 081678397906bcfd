"""Densities as products of conditionals."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._givt import GIVT as GIVT
    from ._nade import NADE as NADE

__getattr__, __dir__ = attach(__name__, __file__)
