"""What a model's file may have built: no more than its own arrays can fill."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

_TIMES, _FREE = 8, 1 << 20  # numbers: of those in the file, and beside them
_EACH, _MORE = 16, 2000  # tensors, likewise
_MAKERS = {"empty", "zeros", "ones", "full", "rand", "randn", "arange", "linspace", "logspace", "eye", "empty_strided"}


class Bounded(TorchDispatchMode):
    """Within it, parts that would hold far more than a file of so many numbers and tensors are refused unmade.

    Parameters
    ----------
    count, tensors : int

    Raises
    ------
    ValueError
    """

    def __init__(self, count: int, tensors: int) -> None:
        super().__init__()
        self.count, self.left, self.calls = count, _TIMES * count + _FREE, _EACH * tensors + _MORE

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        name = str(func.overloadpacket).rpartition(".")[2]
        if name in _MAKERS:
            self._take(args[0] if args else 0, name)
        return func(*args, **(kwargs or {}))

    def _take(self, size: Any, name: str) -> None:
        wanted = math.prod(size) if isinstance(size, list | tuple) else size if name in ("arange", "eye") else 0
        self.left -= max(int(wanted) ** (2 if name == "eye" else 1), 0)
        self.calls -= 1
        if min(self.left, self.calls) < 0:
            raise ValueError(f"it describes parts far larger than the {self.count} numbers that it holds")
