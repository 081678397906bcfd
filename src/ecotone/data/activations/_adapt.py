"""A trained model of any library as a network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecotone.contracts import BadInput


def adapted(
    network: Any, *, layers: Sequence[str] = (), head: str | None = None, preprocess: Any = None, **options: Any
) -> Any:
    """What runs: a module wrapped, a network as it is."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(network, torch.nn.Module):
        from ._torch_network import TorchNetwork

        return TorchNetwork(network, layers, head, preprocess, **options)
    if isinstance(network, str | Path):
        from ._onnx_network import OnnxNetwork

        return OnnxNetwork(network, layers, head, preprocess, **options)
    if hasattr(network, "predict") and not callable(network):
        from ._estimator_network import EstimatorNetwork

        network = EstimatorNetwork(network)
    if not callable(network):
        raise BadInput(
            f"network is a {type(network).__name__}; give a torch.nn.Module, the path of an ONNX file, a "
            "fitted classifier, or a Network"
        )
    asked = {"layers": layers, "head": head, "preprocess": preprocess, **options}
    given = [name for name, value in asked.items() if value is not None and value != () and value != []]
    if given:
        raise BadInput(f"{given[0]}= is a setting of the network; give it where the network is made")
    return network
