"""numpy in, numpy out; torch in, torch out: rows as tensors, and what was asked back in the form that it came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput


def rows(
    x: Any, name: str, shape: tuple[int, ...] | None = None, *, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Rows as a finite tensor ``(n, *shape)``, and the function that gives results in the form of ``x``.

    Parameters
    ----------
    x : array-like or Tensor
        A vector is one column where rows are vectors.
    name : str
        What errors call it.
    shape : tuple of int, optional
        Of one row; checked where given.
    dtype : torch.dtype
        Of the tensor for what is not a floating tensor already.

    Raises
    ------
    BadInput
        For what is not numeric, is empty, has another shape, or holds NaN or infinity.
    """
    if isinstance(x, Tensor):
        tensor = x if x.is_floating_point() else x.to(dtype)
    else:
        try:
            tensor = torch.as_tensor(np.ascontiguousarray(np.asarray(x, dtype=np.float64))).to(dtype)
        except (TypeError, ValueError) as error:
            raise BadInput(f"{name} must be numeric: {error}") from None
    if tensor.ndim == 1 and (shape is None or shape == (1,)):
        tensor = tensor[:, None]
    if tensor.ndim < 2 or 0 in tensor.shape:
        raise BadInput(f"{name} must be non-empty rows (n, ...), got shape {tuple(np.shape(x))}")
    if shape is not None and tuple(tensor.shape[1:]) != shape:
        raise BadInput(f"{name} has rows of shape {tuple(tensor.shape[1:])}; the model has {shape}")
    finite = torch.isfinite(tensor)
    if not finite.all():
        place = [int(i) for i in torch.nonzero(~finite)[0]]
        value = float(tensor[tuple(place)])
        raise BadInput(f"{name} has {value} at row {place[0]}, place {place[1:]}; remove or impute it")
    return tensor, restore(x)


def restore(x: Any) -> Callable[[Tensor], Any]:
    """The function that gives a tensor in the form of ``x``: a tensor of its dtype and device, or a numpy array."""
    if isinstance(x, Tensor):
        kind = x.dtype if x.is_floating_point() else torch.float64
        return lambda y: y.to(device=x.device, dtype=kind) if y.is_floating_point() else y.to(x.device)
    return lambda y: y.detach().cpu().numpy()


def as_weights(weight: Any, n: int) -> Tensor | None:
    """(n,) float64 weights with mean one; raises ``BadInput`` for negative, non-finite or no weight at all."""
    if weight is None:
        return None
    try:
        w = torch.as_tensor(np.asarray(weight, dtype=np.float64))
    except (TypeError, ValueError):
        raise BadInput("sample_weight must be numbers, one for each row") from None
    if w.shape != (n,):
        raise BadInput(f"sample_weight must have shape ({n},), got {tuple(w.shape)}")
    if not bool(torch.isfinite(w).all()) or bool((w < 0).any()) or float(w.sum()) <= 0:
        raise BadInput("sample_weight must be finite, at least 0 and not all 0")
    return w / w.mean()


def row_like(t: Tensor | float, x: Tensor) -> Tensor:
    """``t`` as a tensor that broadcasts against ``x`` along its first axis, in the dtype of ``x``."""
    t = torch.as_tensor(t, dtype=x.dtype, device=x.device)
    return t.reshape(-1, *[1] * (x.ndim - 1)) if t.ndim else t


def vectors_only(shape: tuple[int, ...], name: str) -> int:
    """Columns of rows that are vectors; raises ``BadInput`` for others."""
    if len(shape) != 1:
        raise BadInput(f"{name} takes rows that are vectors, got rows of shape {shape}; flatten them")
    return shape[0]


def token_rows(x: Any, name: str, *, levels: int | None = None, length: int | None = None) -> Tensor:
    """``(n, length)`` int64 tokens in ``0..levels - 1``.

    Raises
    ------
    BadInput
        For rows of another shape, numbers that are not whole, or a token out of range.
    """
    found, _ = rows(x, name, None if length is None else (length,))
    if found.ndim != 2:
        raise BadInput(f"{name} must be rows of tokens (n, length), got shape {tuple(found.shape)}")
    wrong = (found != found.round()) | (found < 0)
    if levels is not None:
        wrong |= found >= levels
    if bool(wrong.any()):
        i, j = (int(v) for v in wrong.nonzero()[0])
        allowed = "at least 0" if levels is None else f"0 to {levels - 1}"
        raise BadInput(f"{name} has {float(found[i, j]):g} at row {i}, place {j}; tokens are whole numbers, {allowed}")
    return found.detach().to(torch.int64).cpu()
