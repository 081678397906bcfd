"""Rows of a block run through the network again, with gradients, in parts that bound the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import is_torch_array

from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import Array

if TYPE_CHECKING:
    from torch import Tensor

PASS_ROWS = 256  # at once at most, however small; only memory depends on it
PASS_VALUES = 2**22  # of the inputs of one pass; a pass with gradients keeps every layer's output


def second_pass(
    block: Activations, function: Callable[[Activations], Any], *, maps: bool = False, rows: int | None = None
) -> Any:
    """``function`` of the block's rows as the network gives them anew, joined over parts of the block.

    ``function`` gets activations of m rows whose ``inputs`` are the tensor that enters the module, which requires
    gradients where it is floating, and whose other parts are tensors on its graph in the network's own precision
    (cast logits to double before a softmax at a high temperature). With ``maps`` the layers are the modules' very
    outputs ``(m, c, *space)``, on the path to the logits; without, their averages over places, which are beside it.
    It answers with a tensor ``(m, ...)``, or a tuple of them.

    Gradients are enabled whatever the caller's mode. The answer is off the graph, in double precision, in the array
    library of the block and on its device.
    """
    import torch

    network: Any = block.network
    found = []
    with torch.inference_mode(False), torch.enable_grad():
        start = 0
        while start < len(block):
            part = block.inputs[start : start + (rows or _rows(block.inputs, start))]
            x = network.tensor(part).detach().clone()
            x = x.requires_grad_() if x.is_floating_point() else x
            answer = function(network.forward(x, maps=maps))
            found.append([_off(value, block) for value in (answer if isinstance(answer, tuple) else (answer,))])
            start += len(part)
    joined = tuple(_join(parts) for parts in zip(*found, strict=True))
    return joined if isinstance(answer, tuple) else joined[0]


def stepped(x: Tensor, rises: Tensor, eps: float, std: float | Sequence[float] | None = None) -> Tensor:
    """Inputs after one step of sign that raises ``rises``, off the graph: ``x + eps / std * sign(grad rises)``.

    Parameters
    ----------
    x : (m, ...) tensor
        Requires gradients.
    rises : (m,) tensor
        On the graph of ``x``, each number of its own row.
    eps : float
        Length of the step in units of what enters the module, or, with ``std``, in those before it was divided by
        ``std`` (pixels in [0, 1], for most image networks).
    std : float or sequence of one float a channel, optional
        By which the inputs were divided; channels are the second axis.
    """
    return (x + eps * uphill(x, rises, std)).detach()


def uphill(x: Tensor, rises: Tensor, std: float | Sequence[float] | None = None) -> Tensor:
    """``sign(grad rises) / std``, 0 where the gradient is; see :func:`stepped`."""
    import torch

    if not x.requires_grad:
        raise BadInput(f"a step along the gradient needs inputs of floats, and {x.dtype} enter the module; set eps=0")
    (slope,) = torch.autograd.grad(rises.sum(), x)
    return slope.sign() / per_channel(std, x)


def settled(network: Any, x: Tensor, *, maps: bool = False) -> Activations:
    """The network run on what enters the module, without a graph."""
    import torch

    with torch.no_grad():
        run: Activations = network.forward(x, maps=maps)
    return run


def per_channel(std: float | Sequence[float] | None, x: Tensor) -> Tensor:
    """``std`` as a tensor that divides ``x`` along its second axis; ones where it is None."""
    import torch

    values = np.atleast_1d(np.asarray(1.0 if std is None else std, dtype=float))
    if values.ndim > 1 or not (np.isfinite(values).all() and (values > 0).all()):
        raise BadInput(f"std must be positive, one number or one a channel, got {std!r}")
    if len(values) not in (1, x.shape[1]):
        raise BadInput(f"std has {len(values)} numbers and the inputs have {x.shape[1]} channels; give one a channel")
    return torch.as_tensor(values).to(x).reshape(1, -1, *[1] * (x.ndim - 2))


def _rows(inputs: Any, start: int) -> int:
    one = inputs[start]
    return int(np.clip(PASS_VALUES // max(int(np.prod(np.shape(one))), 1), 1, PASS_ROWS))


def _off(value: Tensor, block: Activations) -> Array:
    import torch

    like = next((part for part in (block.logits, block.features, *block.layers.values()) if part is not None), None)
    like = block.inputs if like is None else like
    value = value.detach()
    if is_torch_array(like):
        return value.to(like.device, torch.float32 if like.device.type == "mps" else torch.float64)
    return value.double().cpu().numpy()


def _join(parts: Sequence[Array]) -> Array:
    import torch

    return torch.cat(list(parts)) if is_torch_array(parts[0]) else np.concatenate(parts)
