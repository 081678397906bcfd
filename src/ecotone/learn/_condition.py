"""Conditions: what a user gives as ``given``, as class positions or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput


class Condition:
    """Encodes ``given``: labels to positions, numbers to standardised vectors.

    Whole numbers, booleans and texts are labels of classes; other numbers are a vector of ``width`` numbers a row.

    Parameters
    ----------
    levels : list of label, or None
        The classes, for labels.
    centre, scale : list of float, or None
        Of each number.
    """

    def __init__(
        self, levels: list[Any] | None = None, centre: list[float] | None = None, scale: list[float] | None = None
    ) -> None:
        self.levels, self.centre, self.scale = levels, centre, scale

    @classmethod
    def of(cls, given: Any, n: int) -> Condition:
        """The condition that training rows show.

        Raises
        ------
        BadInput
            For another number of rows, missing values, or a class with a single row.
        """
        a = _array(given)
        if a.ndim == 0 or len(a) != n:
            raise BadInput(f"given must have one entry for each of the {n} rows, got shape {a.shape}")
        if a.dtype.kind in "biuUO" and a.ndim == 1:
            if a.dtype.kind == "O" and any(v is None or v != v for v in a):
                raise BadInput("given has missing labels; drop those rows, or name the missing class")
            values, counts = np.unique(a.astype(str) if a.dtype.kind == "O" else a, return_counts=True)
            if counts.min() < 2:
                rare = values[counts.argmin()].item()
                raise BadInput(
                    f"class {rare!r} of given has one row: no distribution can be learned from it; merge or drop it"
                )
            return cls(levels=[v.item() for v in values])
        a = a.reshape(n, -1).astype(np.float64)
        if not np.isfinite(a).all():
            raise BadInput(f"given has a value that is not finite at row {int(np.argwhere(~np.isfinite(a))[0, 0])}")
        scale = a.std(0)
        return cls(centre=a.mean(0).tolist(), scale=np.where(scale > 0, scale, 1.0).tolist())

    @property
    def width(self) -> int:
        """Numbers in :meth:`vector`."""
        return len(self.levels) if self.levels is not None else len(self.centre or ())

    def encode(self, given: Any, n: int) -> Tensor:
        """``(n,)`` int64 positions, -1 for None entries, or ``(n, k)`` float64 numbers; one entry may serve all rows.

        Raises
        ------
        BadInput
            For a class that was not learned, or a wrong shape.
        """
        if self.levels is None:
            a = _array(given).astype(np.float64)
            a = a.reshape((1, -1) if a.ndim < 2 and a.size == self.width else (len(a), -1))
            if a.shape not in ((1, self.width), (n, self.width)) or not np.isfinite(a).all():
                raise BadInput(f"given must be {self.width} finite numbers, or as many for each of the {n} rows")
            a = np.broadcast_to(a, (n, self.width))
            return torch.as_tensor((a - np.asarray(self.centre)) / np.asarray(self.scale))
        a = np.atleast_1d(_array(given))
        if a.shape not in ((1,), (n,)):
            raise BadInput(f"given must be one class or one for each of the {n} rows, got shape {a.shape}")
        place = {level: i for i, level in enumerate(self.levels)} | {None: -1}
        text = isinstance(self.levels[0], str)
        found = []
        for v in a.tolist():
            key = str(v) if text and v is not None else v
            if key not in place:
                raise BadInput(f"given {v!r} was not learned; the classes are {_some(self.levels)}")
            found.append(place[key])
        return torch.as_tensor(found, dtype=torch.int64).expand(n).clone()

    def vector(self, encoded: Tensor | None, n: int, like: Tensor) -> Tensor:
        """``(n, width)`` for a network: one-hot classes (all 0: no condition), or the numbers."""
        if encoded is None:
            return torch.zeros(n, self.width, dtype=like.dtype, device=like.device)
        if self.levels is None:
            return encoded.to(like)
        out = torch.zeros(n, self.width + 1, dtype=like.dtype, device=like.device)
        out[torch.arange(n, device=like.device), encoded.to(like.device)] = 1.0  # -1 is the column left out below
        return out[:, :-1]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the constructor's arguments."""
        return {"levels": self.levels, "centre": self.centre, "scale": self.scale}


def _array(given: Any) -> np.ndarray:
    a = given.detach().cpu().numpy() if isinstance(given, Tensor) else np.asarray(given)
    return a.astype(object) if a.dtype.kind not in "biufUO" else a


def _some(levels: list[Any]) -> str:
    return ", ".join(map(repr, levels[:8])) + (f" and {len(levels) - 8} more" if len(levels) > 8 else "")
