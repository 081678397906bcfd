"""One pass of a network over data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts._activations import concatenate


def read_activations(
    network: Any,
    data: Any,
    *,
    layers: Sequence[str] = (),
    labels: Any = None,
    head: str | None = None,
    preprocess: Any = None,
    batch: int = 256,
) -> Activations:
    """Run a network over data once and keep what its layers left, in single precision.

    Parameters
    ----------
    network : torch.nn.Module or Network
    data : array (n, ...) or iterable of blocks
        Blocks are arrays or ``(array, labels)``, as torch's loaders give them.
    layers : sequence of str
        Layers to keep beside features and logits.
    labels : (n,) integers, optional
        Where ``data`` is an array.
    head, preprocess
        See :class:`TorchNetwork`.
    batch : int
        Rows of a block where ``data`` is an array.

    Returns
    -------
    Activations
        With the ``network``, and with the ``inputs`` where ``data`` is an array.
    """
    import torch

    adapted = _adapted(network, layers, head, preprocess)
    parts: list[Activations] = []
    with torch.inference_mode():
        for x, y in _blocks(data, labels, batch):
            acts = adapted(x)
            parts.append(_kept(acts, y))
    if not parts:
        raise BadInput("data has no rows; give at least one")
    whole = concatenate(parts)
    inputs = data if hasattr(data, "shape") else None
    return whole.replace(inputs=inputs, network=adapted)


def _adapted(network: Any, layers: Sequence[str], head: str | None, preprocess: Any) -> Any:
    from torch import nn

    if isinstance(network, nn.Module):
        from ._torch_network import TorchNetwork

        return TorchNetwork(network, layers, head, preprocess)
    return network


def _blocks(data: Any, labels: Any, batch: int) -> Iterator[tuple[Any, Any]]:
    if hasattr(data, "shape"):
        for start in range(0, len(data), batch):
            yield data[start : start + batch], None if labels is None else labels[start : start + batch]
        return
    for block in data:
        yield (block[0], block[1]) if isinstance(block, tuple | list) else (block, None)


def _kept(acts: Activations, labels: Any) -> Activations:
    def single(value: Any) -> Any:
        return None if value is None else as_numpy(value).astype(np.float32)

    head = None if acts.head is None else tuple(single(part) for part in acts.head)
    layers = {name: single(value) for name, value in acts.layers.items()}
    return Activations(
        features=single(acts.features), logits=single(acts.logits), layers=layers, head=head,
        labels=None if labels is None else as_numpy(labels),
    )  # fmt: skip
