"""Random relabellings of units, drawn once for all families, and the sums over units that they are applied to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Ints

FloatArray = NDArray[np.float32]


def unit_sums(scores: NDArray[Any], unit: Ints | None, count: int) -> NDArray[Any]:
    """(count, k) sums over the rows of each unit; the rows themselves where each is a unit of its own."""
    if unit is None:
        return scores
    order = np.argsort(unit, kind="stable")
    starts = np.searchsorted(unit[order], np.arange(count))
    return np.asarray(np.add.reduceat(scores[order], starts, axis=0))


class Batches:
    """Random relabellings of units in batches of 100, made when first asked for."""

    def __init__(self, units: tuple[int, int], draws: int, rng: np.random.Generator) -> None:
        self.units, self.draws, self.rng = units, draws, rng
        self.made: list[FloatArray] = []

    def __iter__(self) -> Iterator[FloatArray]:
        for k, first in enumerate(range(0, self.draws, 100)):
            if k == len(self.made):
                self.made.append(shuffles(self.units, min(100, self.draws - first), self.rng))
            yield self.made[k]


def shuffles(units: tuple[int, int], draws: int, rng: np.random.Generator) -> FloatArray:
    """(draws, sum(units)) random relabellings, 1 for "current": the units with the smallest random keys."""
    total = sum(units)
    keys = rng.integers(0, 1 << 32, (draws, total), dtype=np.uint32)
    bar = np.partition(keys, units[1] - 1, axis=1)[:, units[1] - 1]
    return (keys <= bar[:, None]).astype(np.float32)  # two keys of 32 bits meet at the bar once in a million draws
