"""What lies outside the principal space of the features about the point where the head's bias vanishes."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.contracts import Activations, BadInput, Floats, as_numpy
from ecotone.contracts.arrays import Array, like

from ._moments import EPS


def bias_free(activations: Activations) -> Floats:
    """The origin ``-pinv(W) b``, where the logits of the head are as near to 0 as they can be, ``(d,)``."""
    weight, bias = (as_numpy(part).astype(np.float64) for part in activations.head or ())
    return np.asarray(-np.linalg.pinv(weight) @ bias)


def second_moment(activations: Activations, origin: Floats, rows: int) -> Floats:
    """Mean of ``(z - origin)(z - origin)^T``, ``(d, d)``."""
    moment = np.zeros((len(origin), len(origin)))
    for block in activations.blocks(rows):
        centred = block.features - like(origin, block.features)
        moment += as_numpy(centred.T @ centred) / len(activations)
    return moment


def complement(moment: Floats, dim: int | None) -> Floats:
    """Eigenvectors ``(d, d - dim)`` after the ``dim`` largest; by default ViM's ``dim``, below the rank."""
    d = len(moment)
    size, vectors = np.linalg.eigh(moment)
    rank = int((size > size[-1] * d * EPS).sum())
    if dim is None:
        dim = min(1000 if d >= 2048 else 512 if d >= 768 else d // 2, rank - 1)
    if not 0 <= dim < rank:
        raise BadInput(f"dim is {dim} and the features span {rank} dimensions; give dim below that, or leave it out")
    return np.asarray(vectors[:, : d - dim])


def length_outside(block: Activations, origin: Floats, residual: Floats) -> Array:
    """Norm ``(m,)`` of each row's part in the space of ``residual``."""
    z = block.features
    return array_namespace(z).linalg.vector_norm((z - like(origin, z)) @ like(residual, z), axis=1)
