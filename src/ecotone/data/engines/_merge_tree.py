"""Merging parts in one fixed order, whenever each is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class TreeNode(Generic[T]):
    """What the leaves ``index * 2**level`` … ``(index + 1) * 2**level - 1`` merged into."""

    level: int
    index: int
    value: T

    @property
    def start(self) -> int:
        return self.index << self.level


class MergeTree(Generic[T]):
    """A binary tree over numbered leaves that is merged as far as its nodes have come in.

    Leaves ``2i`` and ``2i + 1`` merge, then each two such pairs, and so on; what is left over at the right edge is
    merged from the smallest up. The order is that of the numbers alone, so that the result is the same to the last bit
    whichever leaf comes first and wherever the halves of the tree were merged, though ``merge`` be not associative.

    Parameters
    ----------
    merge : callable
        Of the values on the left and on the right.

    Examples
    --------
    >>> from ecotone.data.engines import MergeTree, TreeNode
    >>> tree = MergeTree(lambda left, right: f"({left}{right})")
    >>> for leaf in (2, 0, 1):
    ...     tree.add(TreeNode(0, leaf, "abc"[leaf]))
    >>> tree.finish()
    '((ab)c)'
    """

    def __init__(self, merge: Callable[[T, T], T]) -> None:
        self._merge = merge
        self._held: dict[tuple[int, int], T] = {}

    def add(self, node: TreeNode[T]) -> None:
        """Take a node, and merge it upwards as far as its siblings are there."""
        level, index, value = node.level, node.index, node.value
        while (level, index ^ 1) in self._held:
            other = self._held.pop((level, index ^ 1))
            value = self._merge(other, value) if index & 1 else self._merge(value, other)
            level, index = level + 1, index >> 1
        self._held[level, index] = value

    def extend(self, nodes: Iterable[TreeNode[T]]) -> None:
        """Take several."""
        for node in nodes:
            self.add(node)

    def nodes(self) -> list[TreeNode[T]]:
        """What is merged so far, from left to right."""
        found = [TreeNode(level, index, value) for (level, index), value in self._held.items()]
        return sorted(found, key=lambda node: node.start)

    def finish(self) -> T | None:
        """The value of all leaves; None where there are none.

        Raises
        ------
        RuntimeError
            A leaf in the middle has not come in.
        """
        nodes, end = self.nodes(), 0
        for node in nodes:
            if node.start != end:
                raise RuntimeError(f"leaves {end} to {node.start - 1} were never merged")
            end = (node.index + 1) << node.level
        value = nodes.pop().value if nodes else None
        while nodes and value is not None:
            value = self._merge(nodes.pop().value, value)
        return value
