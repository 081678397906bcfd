"""Blocks that shrink when the device runs out of memory."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

from ecotone.contracts import Activations, BadInput

from ._blocks import cut, length


class OOMRetry:
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
        try:
            acts: Activations = self.network(some, maps=True) if self.maps else self.network(some)
            return acts
        except Exception as error:
            if not _out_of_memory(error):
                raise
            self._halve(length(some), error)
        if (torch := sys.modules.get("torch")) is not None:
            torch.cuda.empty_cache()
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


def _out_of_memory(error: Exception) -> bool:
    torch = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.cuda.OutOfMemoryError)):
        return True
    ours = type(error).__module__.startswith("onnxruntime")  # which has no type of its own for it
    return ours and any(words in str(error) for words in ("Failed to allocate memory", "out of memory"))
