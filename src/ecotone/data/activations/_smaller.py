"""Blocks that shrink when the device runs out of memory."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

from ecotone.contracts import Activations, BadInput

from ._blocks import cut, length


class Smaller:
    """Runs a network over blocks, in halves of halves from the first time that the device is out of memory."""

    def __init__(self, network: Any, maps: bool) -> None:
        self.network, self.maps = network, maps
        self.most: int | None = None  # rows at once; None while all that came was fine

    def __call__(self, x: Any) -> Iterator[tuple[int, Any, Activations]]:
        """First row, inputs and activations of each piece of a block."""
        at, n = 0, length(x)
        while at < n:
            some = cut(x, at, at + min(self.most or n, n))
            acts = self._try(some)
            if acts is not None:
                yield at, some, acts
                at += length(some)

    def _try(self, some: Any) -> Activations | None:
        torch = sys.modules.get("torch")
        errors: tuple[type[BaseException], ...] = () if torch is None else (torch.cuda.OutOfMemoryError,)
        try:
            acts: Activations = self.network(some, maps=True) if self.maps else self.network(some)
            return acts
        except errors as error:
            self._halve(length(some), error)
        torch.cuda.empty_cache()  # type: ignore[union-attr]
        return None

    def _halve(self, rows: int, error: BaseException) -> None:
        if rows == 1:
            raise BadInput("the device is out of memory with a single row; use a smaller input or device='cpu'") from (
                error
            )
        if self.most is None:
            warnings.warn(
                f"the device is out of memory with blocks of {rows} rows; going on with {rows // 2} or fewer",
                stacklevel=2,
            )
        self.most = rows // 2
