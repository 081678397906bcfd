"""How the levels of a column moved: which, from what share to what share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecotone.contracts import Ints
from ecotone.data import Column

from ._movement_words import percent, short

_RATE_FLOOR = 3.0  # a rate that many standard errors away is beyond noise
_NAMED = 4  # levels spelled out, the others are counted; chosen, not tuned
_SMALL = 2  # levels told of where none is beyond noise by itself


def rates_differ(rates: tuple[float, float], n: tuple[float, float]) -> bool:
    """Whether two rates differ by three standard errors and a continuity correction."""
    pooled = (rates[0] * n[0] + rates[1] * n[1]) / sum(n)
    error = math.sqrt(max(pooled * (1 - pooled), 0) * (1 / n[0] + 1 / n[1]))
    slack = 0.5 * (1 / n[0] + 1 / n[1])  # continuity
    return bool(abs(rates[1] - rates[0]) - slack > _RATE_FLOOR * error) and error > 0


def middle(reference: Column, current: Column, facts: dict[str, Any]) -> list[str]:
    """The median level of an ordinal column, where it moved."""
    before, after = (int(np.sort(c.codes[~c.missing])[(~c.missing).sum() // 2]) for c in (reference, current))
    if before == after:
        return []
    facts["median"] = (reference.levels[before], reference.levels[after])
    return [f"median {short(reference.levels[before])} → {short(reference.levels[after])}"]


def levels_moved(
    reference: Column, current: Column, n: tuple[float, float], facts: dict[str, Any], *, least: float = 0.0
) -> list[str]:
    """Words on the levels of two columns, of which each must have changed by ``least`` to be told."""
    width = 1 + int(max(reference.codes.max(initial=0), current.codes.max(initial=0)))
    counts = np.stack([np.bincount(c.codes[~c.missing], minlength=width) for c in (reference, current)])
    names = [reference.levels[i] if i < len(reference.levels) else f"level {i}" for i in range(width)]
    merged = reference.every is not None
    return shares_moved(counts, names, n, facts, least=least, told=len(reference.levels) - 1 if merged else width)


def shares_moved(
    counts: Ints,
    names: Sequence[str],
    n: tuple[float, float],
    facts: dict[str, Any],
    *,
    least: float = 0.0,
    told: int | None = None,
) -> list[str]:
    """Words on (2, k) counts of levels, before and after: the largest change first.

    ``facts`` gets ``levels``, those whose shares differ beyond noise, else ``most``, those that changed most. Levels
    from ``told`` on are none.
    """
    before, after = (side / max(1, int(side.sum())) for side in counts)
    order = np.argsort(-np.abs(after - before), kind="stable").tolist()
    order = [i for i in order if abs(after[i] - before[i]) >= least and i < (told or len(names))]
    shares = {names[i]: (float(before[i]), float(after[i])) for i in order}
    moved = {name: pair for name, pair in shares.items() if rates_differ(pair, n)}
    if not moved:
        few = dict(list(shares.items())[: 1 if len(names) == 2 else _SMALL])
        if not least and any(a != b for a, b in few.values()):
            facts["most"] = few
        return []
    facts["levels"] = moved
    return level_words(moved, two=len(names) == 2)


def level_words(shares: Mapping[str, tuple[float, float]], *, two: bool = False) -> list[str]:
    """From what share to what share; of two levels the second tells all."""
    kept = list(shares.items())[-1:] if two and len(shares) == 2 else list(shares.items())
    words = [_told(short(name), *pair) for name, pair in kept[:_NAMED]]
    return words + ([_more(len(kept) - _NAMED)] if len(kept) > _NAMED else [])


def _more(count: int) -> str:
    return f"and {count:,} more level{'' if count == 1 else 's'}"


def _told(name: str, before: float, after: float) -> str:
    note = " (new)" if before == 0 else " (gone)" if after == 0 else ""
    end = ":" if name[-1:].isdigit() else ""  # a code is not read as a number of the share
    return f"{name}{end} {percent(before)} → {percent(after)}{note}"
