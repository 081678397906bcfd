"""Networks given as a list of affine layers and activations, in any array library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from ecotone.contracts import BadInput, as_numpy
from ecotone.contracts.arrays import like


class _Activation(NamedTuple):
    value: Callable[[Any], Any]
    slope: Callable[[Any, Any], Any]  # of the input and the value


def _activations(xp: Any) -> dict[str, _Activation]:
    def sigmoid(z: Any) -> Any:
        return 0.5 * (1 + xp.tanh(z / 2))

    return {
        "relu": _Activation(lambda z: xp.where(z > 0, z, 0 * z), lambda z, a: xp.astype(z > 0, z.dtype)),
        "tanh": _Activation(xp.tanh, lambda z, a: 1 - a**2),
        "sigmoid": _Activation(sigmoid, lambda z, a: a * (1 - a)),
    }


def checked(network: Any, mu: Any) -> list[Any]:
    """The layers in the array library of the rows, checked one against the next."""
    known, width, found = _activations(array_namespace(mu)), int(np.prod(mu.shape[1:])), list[Any]()
    for at, layer in enumerate(network):
        if isinstance(layer, str):
            if layer not in known:
                raise BadInput(f"layer {at} is {layer!r}; known activations are {', '.join(known)}")
            found.append(known[layer])
            continue
        try:
            weight, bias = layer
        except (TypeError, ValueError):
            raise BadInput(f"layer {at} is {layer!r}; give (weight, bias) or the name of an activation") from None
        weight = np.atleast_2d(as_numpy(weight).astype(np.float64))
        bias = np.zeros(len(weight)) if bias is None else as_numpy(bias).astype(np.float64)
        if weight.shape[1] != width or bias.shape != (len(weight),):
            raise BadInput(
                f"layer {at} has a weight {weight.shape} and a bias {bias.shape} and is given {width} values; give "
                f"(out, {width}) and (out,)"
            )
        found.append((like(weight, mu), like(bias, mu)))
        width = len(weight)
    return found


def layer_jacobian(layers: list[Any], x: Any) -> tuple[Any, Any]:
    """Values ``(n, k)`` and Jacobians ``(n, k, d)``, from the outputs back to the inputs."""
    xp, slopes = array_namespace(x), []
    for layer in layers:
        if isinstance(layer, _Activation):
            z = layer.value(x)
            slopes.append(layer.slope(x, z))
            x = z
        else:
            x = x @ layer[0].T + layer[1]
    n, k = x.shape
    back = xp.zeros((n, k, k), dtype=x.dtype) + like(np.eye(k), x)
    for layer in reversed(layers):
        back = back * slopes.pop()[:, None, :] if isinstance(layer, _Activation) else back @ layer[0]
    return x, back


def marginal_scales(layers: list[Any], x: Any, scale: Any, alpha: int) -> tuple[Any, Any]:
    """Values and scales ``(n, k)``, of units taken as independent in every layer."""
    xp = array_namespace(x)
    for layer in layers:
        if isinstance(layer, _Activation):
            z = layer.value(x)
            scale, x = scale * xp.abs(layer.slope(x, z)), z
        else:
            x = x @ layer[0].T + layer[1]
            scale = (scale**alpha @ (xp.abs(layer[0]) ** alpha).T) ** (1 / alpha)
    return x, scale
