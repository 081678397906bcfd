"""How far two samples lie apart."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._energy_distance import energy_distance as energy_distance

__getattr__, __dir__, __all__ = attach(__name__, __file__)
