"""Values and Jacobians of a torch module; torch is loaded only when one is given."""

from __future__ import annotations

from typing import Any

from array_api_compat import is_torch_array

from ecotone.contracts import BadInput, as_numpy

_MOST = 1 << 26  # numbers of Jacobians at a time


def jacobian(network: Any, location: Any) -> tuple[Any, Any]:
    """Outputs ``(n, k)`` and Jacobians ``(n, k, d)`` of a module at rows, in the rows' array library."""
    import torch

    _check(network)
    weight = next(network.parameters(), None)
    x = location if is_torch_array(location) else torch.as_tensor(location)
    if weight is not None:
        x = x.to(weight.device, weight.dtype)
    training = network.training
    network.eval()
    try:
        with torch.set_grad_enabled(is_torch_array(location)):  # torch hangs on the graph of the weights
            value = network(x)
            if value.ndim != 2:
                raise BadInput(f"the network gave shape {tuple(value.shape)}; its output must be (n, k)")
            chunk = max(_MOST // (value.shape[1] * x[0].numel()), 1)
            rows = torch.func.vmap(torch.func.jacrev(lambda row: network(row[None])[0]), chunk_size=chunk)
            back = rows(x).flatten(2)
    finally:
        network.train(training)
    if is_torch_array(location):
        return value.to(location), back.to(location)
    return as_numpy(value).astype("float64"), as_numpy(back).astype("float64")


def layers_of(network: Any) -> list[Any]:
    """Layers of an ``nn.Sequential`` as pairs and names."""
    from torch import nn

    _check(network)
    names = {nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}
    found: list[Any] = []
    for layer in network.modules():
        if isinstance(layer, nn.Sequential | nn.Flatten | nn.Dropout | nn.Identity):
            continue
        if isinstance(layer, nn.Linear):
            found.append((layer.weight, layer.bias))
        elif type(layer) in names:
            found.append(names[type(layer)])
        else:
            raise BadInput(f"the marginal form does not know {type(layer).__name__}; take form='full'")
    return found


def _check(network: Any) -> None:
    from torch import nn

    if not isinstance(network, nn.Module):
        raise BadInput(f"network must be a sequence of layers or a torch module, got {type(network).__name__}")
