"""How the numbers of a column moved: mean and median, and what is simpler said than by these."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ecotone.contracts import Floats

from ._movement_words import change, number, percent, signed
from ._sparse_transport import fewest_moves, quantiles, weighted_distance

_FLOOR = 3.4  # a weighted Kolmogorov-Smirnov distance of this size is beyond noise
_CHANCE = 0.002  # of "all the most extreme rows come from one table" under exchangeability
_GRID = 512  # quantiles that stand for a distribution: steps of .2 %, finer than the words; chosen, not tuned
_MOST = 50_000  # values of a table, whose quantiles then stand for all: a bound on time; chosen, not tuned
_FEW = 0.5  # of the rows: "as if so many had moved" is simpler than a mean only where most stay


def numbers_moved(r: Floats, c: Floats, n: tuple[float, float], facts: dict[str, Any]) -> list[str]:
    """Mean and median, the simplest map if it says more, and rows beyond the reference's range; no words for noise.

    Both arrays sorted and finite; ``facts`` always gets ``mean`` and ``median``.
    """
    means, medians = ((float(f(r)), float(f(c))) for f in (np.mean, np.median))
    facts.update(mean=means, median=medians)
    lead = f"mean {change(*means)}, median {change(*medians)}"
    far, near, c = _beyond(r, c, n, facts)
    if max(len(r), len(c)) > _MOST:  # evenly spaced quantiles; ``n`` keeps the noise of all rows
        r, c = (x if len(x) <= _MOST else quantiles(x, (np.arange(_MOST) + 0.5) / _MOST) for x in (r, c))
    if len(c) == 0 or weighted_distance(r, c, n) <= _FLOOR:
        return [lead, *far, *near] if far or near else []
    return [lead, *_map(r, c, n, facts), *far]


def _map(r: Floats, c: Floats, n: tuple[float, float], facts: dict[str, Any]) -> list[str]:
    """The first of the simple maps that leaves nothing beyond noise; else the fewest rows that must move."""
    grid = (np.arange(_GRID) + 0.5) / _GRID
    q_r, q_c = quantiles(r, grid), quantiles(c, grid)
    inner = slice(_GRID // 20, _GRID - _GRID // 20)
    shift = float(np.mean((q_c - q_r)[inner]))
    if weighted_distance(r + shift, c, n) <= _FLOOR:
        facts.update(displacement=shift, share=1.0)
        return []
    if r[0] > 0 and c[0] > 0:
        factor = math.exp(float(np.mean(np.log(q_c[inner]) - np.log(q_r[inner]))))
        if weighted_distance(r * factor, c, n) <= _FLOOR:
            facts.update(factor=factor, displacement=float(np.mean(c) - np.mean(r)), share=1.0)
            return [f"x{number(factor)} in all rows"]
    middle, wide = float(np.mean(q_r[inner])), (float(np.std(q_r[inner])), float(np.std(q_c[inner])))
    if min(wide) > 0:
        ratio = wide[1] / wide[0]
        for move in (0.0, shift):
            if weighted_distance(middle + move + (r - middle) * ratio, c, n) <= _FLOOR:
                facts["spread"] = ratio
                if move:
                    facts.update(displacement=shift, share=1.0)
                return [f"spread x{number(ratio)}"]
    return _fewest(r, c, n, facts)


def _fewest(r: Floats, c: Floats, n: tuple[float, float], facts: dict[str, Any]) -> list[str]:
    sides = fewest_moves(r, c, n)
    if not sides:
        return ["the shape changed"]
    facts.update(displacement=sides[0][0], share=sides[0][1])
    if len(sides) > 1:
        facts["opposite"] = sides[1]
        return []
    gone, share = sides[0]
    return [f"as if {percent(share)} of the rows had moved by {signed(gone)}"] if share <= _FEW else []


def _beyond(r: Floats, c: Floats, n: tuple[float, float], facts: dict[str, Any]) -> tuple[list[str], list[str], Floats]:
    """Words on far and on other rows of ``c`` outside the range of ``r``, and ``c`` without the far ones."""
    words: list[str] = []
    near: list[str] = []
    share = n[1] / sum(n)
    scale = n[1] / len(c)
    found = []
    for side, sign in (("above", 1.0), ("below", -1.0)):
        edge = float(r[-1] if sign > 0 else r[0])
        out = sign * (c - edge) > 0
        count = int(out.sum())
        if count == 0 or math.log(share) * count * scale > math.log(_CHANCE):
            continue
        reach = sign * (edge - float(np.median(r)))
        distant = out & (sign * (c - edge) > 2 * reach) if reach > 0 else out
        many = int(distant.sum())
        is_far = many >= 3 and many >= 0.5 * count and many < 0.3 * len(c)
        part = (many if is_far else count) / len(c)
        limit = number(edge)
        found.append({"side": side, "share": part, "limit": edge, "far": is_far})
        if is_far:
            words.append(f"{percent(part)} of the rows lie far {side} anything seen before ({limit})")
            c = c[~distant]
        else:
            near.append(f"{percent(part)} of the rows lie {side} anything seen before ({limit})")
    if found:
        facts["beyond"] = found
    return words, near, c
