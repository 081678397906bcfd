"""A linear discriminant that is always tested on rows that it has not seen."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ecotone.contracts import Bools, Floats, Ints

from ._shuffles import FloatArray
from ._trees import Step, held_out

FIRST = 0.2  # share of the units that is learned from only
MOST, ROWS_OF_STEP = 8, 5  # steps, and units of the smaller table that each should have


def linear_steps(
    x: FloatArray, y: Bools, unit: Ints | None, units: tuple[int, int], rng: np.random.Generator
) -> list[Step]:
    """Learn on the first units, test on the next few, learn on both, and so on.

    Given what came before, each step's statistic has mean 0 and variance 1 if nothing changed, as in ``trees_test``;
    learning is so cheap here that there are many steps, and little is lost to learning from few rows.

    Parameters
    ----------
    x : (n, d) float32
        Whitened: the discriminant is the difference of the means, or of those coordinates alone that stand out.
    """
    place = np.concatenate([rng.permutation(u) / u for u in units])
    if unit is not None:
        place = place[unit]
    count = int(np.clip((1 - FIRST) * min(units) // ROWS_OF_STEP, 1, MOST))
    steps = []
    for start, end in pairwise(np.linspace(FIRST, 1.0, count + 1)):
        past, now = place < start, (place >= start) & (place < end)
        score = x[now] @ direction(x[past & ~y], x[past & y])
        steps.append(
            held_out(np.asarray(score, np.float64), y[now], None if unit is None else unit[now], math.sqrt(start))
        )
    return steps


def direction(a: FloatArray, b: FloatArray) -> FloatArray:
    """What to weigh coordinates by: all of the difference, or its largest, whichever should tell more on new rows."""
    gap = np.asarray(b.mean(0) - a.mean(0), np.float64)
    noise = 1 / len(a) + 1 / len(b)  # of each coordinate, whose variance is near 1
    large = gap**2 > 2 * math.log(max(len(gap), 2)) * noise
    return np.asarray(np.where(large, gap, 0.0) if _worth(gap[large], noise) > _worth(gap, noise) else gap, np.float32)


def _worth(gap: Floats, noise: float) -> float:
    """Distance of the tables along the difference that was learned, in standard deviations, without its own noise."""
    square = float(gap @ gap)
    return max(square - len(gap) * noise, 0.0) / math.sqrt(square) if square > 0 else 0.0
