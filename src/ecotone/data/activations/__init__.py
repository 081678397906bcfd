"""Networks run once: what each pass left."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._estimator_network import EstimatorNetwork as EstimatorNetwork
    from ._images import ImageFolder as ImageFolder
    from ._onnx_network import OnnxNetwork as OnnxNetwork
    from ._open import open_activations as open_activations
    from ._open_dataset import open_dataset as open_dataset
    from ._read import read_activations as read_activations
    from ._rows import ArrayRows as ArrayRows
    from ._rows import Rows as Rows
    from ._rows import TextRows as TextRows
    from ._stored import StoredArray as StoredArray
    from ._table_rows import TableRows as TableRows
    from ._torch_network import TorchNetwork as TorchNetwork

__getattr__, __dir__ = attach(__name__, __file__)
