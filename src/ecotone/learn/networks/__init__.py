"""Networks, described before the data are seen."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._dit import DiT as DiT
    from ._mlp import MLP as MLP
    from ._network import Network as Network
    from ._token_transformer import TokenTransformer as TokenTransformer
    from ._unet import UNet as UNet

__getattr__, __dir__ = attach(__name__, __file__)
