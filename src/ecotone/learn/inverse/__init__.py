"""From what was measured to what it may have been."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._tdm_imputer import TDMImputer as TDMImputer

__getattr__, __dir__ = attach(__name__, __file__)
