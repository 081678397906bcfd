"""Activations kept in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import Activations

from ._checked import Arrays, check_same


class Memory:
    """Keeps blocks as they come and joins them at the end."""

    done = 0
    complete = False

    def __init__(self) -> None:
        self.blocks: list[Arrays] = []
        self.marks: dict[int, str] = {}
        self.head: Any = None

    def add(self, start: int, x: Any, arrays: Arrays, head: Any) -> None:
        """One more block."""
        if self.blocks:
            check_same(self.blocks[0], arrays, start)
        self.blocks.append(arrays)
        self.head = head

    def flush(self) -> None:
        """Nothing waits."""

    def finish(self, network: Any, inputs: Any) -> Activations:
        """All blocks as one."""
        whole = {}
        for name in list(self.blocks[0]):
            whole[name] = np.concatenate([block.pop(name) for block in self.blocks])
        layers = {name.removeprefix("layers."): whole.pop(name) for name in list(whole) if name.startswith("layers.")}
        return Activations(**whole, layers=layers, head=self.head, inputs=inputs, network=network)
