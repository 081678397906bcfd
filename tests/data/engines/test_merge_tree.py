"""Merging in one fixed order, whatever comes first and wherever a part of it was merged."""

import random
from itertools import pairwise

import pytest

from ecotone.data.engines import MergeTree, TreeNode


def brackets(left: str, right: str) -> str:
    return f"({left} {right})"


def merged(leaves: int) -> str:
    """By the definition: pairs, then pairs of pairs; what is odd at the end waits for the smallest above it."""
    tree = MergeTree(brackets)
    tree.extend(TreeNode(0, leaf, str(leaf)) for leaf in range(leaves))
    return tree.finish()


def test_order_by_hand():
    assert merged(7) == "(((0 1) (2 3)) ((4 5) 6))"


@pytest.mark.parametrize("seed", range(60))
def test_cuts_and_order_change_nothing(seed: int) -> None:
    rng = random.Random(seed)
    leaves, parts = rng.randint(1, 40), rng.randint(1, 8)
    cuts = sorted({0, leaves, *(rng.randrange(leaves + 1) for _ in range(parts))})
    pieces = []
    for start, stop in pairwise(cuts):
        piece = MergeTree(brackets)
        order = list(range(start, stop))
        rng.shuffle(order)
        piece.extend(TreeNode(0, leaf, str(leaf)) for leaf in order)
        pieces.append(piece.nodes())
    rng.shuffle(pieces)
    whole = MergeTree(brackets)
    for nodes in pieces:
        whole.extend(nodes)
    assert whole.finish() == merged(leaves)


def test_a_lost_leaf_is_noticed():
    tree = MergeTree(brackets)
    tree.extend([TreeNode(0, 0, "0"), TreeNode(0, 2, "2")])
    with pytest.raises(RuntimeError, match="leaves 1 to 1"):
        tree.finish()
