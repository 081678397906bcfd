"""Networks, described before the data are seen."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._mlp import MLP as MLP
    from ._network import Network as Network

__getattr__, __dir__, __all__ = attach(__name__, __file__)
