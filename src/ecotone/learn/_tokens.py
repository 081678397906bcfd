"""Rows of tokens from what a user gives."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ecotone.contracts import BadInput

from .arrays import rows


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
