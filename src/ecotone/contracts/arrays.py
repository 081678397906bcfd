"""Arrays of any library: conversions, selections, checks."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from numpy.typing import NDArray

from ._bad_input import BadInput

Array = Any  # numpy, torch, or anything of the array standard; stored arrays have len, shape, dtype and slices


def apply_head(features: Array, head: tuple[Array, Array]) -> Array:
    """``features @ weight.T + bias``, in the features' array library, device and precision."""
    xp = array_namespace(features)
    weight, bias = (like(part, features) for part in head)
    return xp.matmul(features, weight.T) + bias


def averaged(values: Array) -> Array:
    """A layer ``(n, c, *space)`` averaged over its places, ``(n, c)``."""
    xp = array_namespace(values)
    return xp.mean(values, axis=tuple(range(2, len(values.shape)))) if len(values.shape) > 2 else values


def like(values: Array, reference: Array) -> Array:
    """``values`` in the array library, on the device and in the precision of ``reference``."""
    xp = array_namespace(reference)
    if is_torch_array(reference):
        return xp.asarray(values).to(reference)
    return xp.asarray(as_numpy(values), dtype=reference.dtype)


def as_numpy(values: Array) -> NDArray[Any]:
    """Any array as numpy's, off the device and off the graph."""
    if is_torch_array(values):
        values = values.detach().cpu()
        return np.asarray(values.float() if str(values.dtype) == "torch.bfloat16" else values)
    return np.asarray(values)


def as_array(value: Any) -> Any:
    """An array of anything that is none; None stays."""
    return value if value is None or hasattr(value, "shape") else np.asarray(value)


def in_memory(value: Any) -> bool:
    """Whether all values can be looked at without reading a file."""
    return is_torch_array(value) or (isinstance(value, np.ndarray) and not isinstance(value, np.memmap))


def check_finite(name: str, value: Array) -> None:
    """Raise ``BadInput`` for a value that is not finite, by row and place."""
    kind = str(value.dtype)
    if "float" not in kind:
        return
    xp = array_namespace(value)
    if not bool(xp.all(xp.isfinite(value))):
        wrong = np.argwhere(~np.isfinite(as_numpy(value)))[0].tolist()
        found = as_numpy(value)[tuple(wrong)]
        raise BadInput(
            f"{name} has {found} at row {wrong[0]}, position {wrong[1:]}; leave the row out, or run the network in a "
            "wider precision"
        )


def check_not_probabilities(logits: NDArray[Any]) -> None:
    """Raise ``BadInput`` where rows are not negative and sum to 1."""
    z = logits.astype(np.float64)
    if len(z) and z.shape[1] > 1 and (z >= 0).all() and np.allclose(z.sum(1), 1, atol=1e-3):
        raise BadInput("logits are probabilities: none is negative and rows sum to 1; give the values before softmax")


def take(value: Any, rows: Any) -> Any:
    """Some rows of an array, a list or an Arrow table: a slice or positions."""
    if hasattr(value, "num_rows"):  # an Arrow table
        at = np.arange(value.num_rows)[rows]
        return value.slice(rows.start or 0, len(at)) if isinstance(rows, slice) and _plain(rows) else value.take(at)
    if isinstance(value, list | tuple):
        return value[rows] if isinstance(rows, slice) else [value[i] for i in rows.tolist()]
    return value[rows]


def _plain(rows: slice) -> bool:
    return rows.step in (None, 1) and (rows.start or 0) >= 0
