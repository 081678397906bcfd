"""p-values of a statistic among its values under draws that leave its distribution unchanged under the null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats

ENOUGH = 20  # draws as extreme as the data after which no more are made
_ROUNDING = 1e-10  # of the largest value: sums in another order differ by less, and count as ties


def as_draws(permutations: Any) -> int:
    """A number of draws, at least one."""
    if not (isinstance(permutations, int | np.integer) and permutations >= 1):
        raise BadInput(f"permutations must be a whole number of at least 1, got {permutations!r}; try 999")
    return int(permutations)


def as_extreme(observed: float, null: Floats) -> NDArray[np.bool_]:
    """Which draws are at least as large as ``observed``; rounding errors count as ties, NaN as larger."""
    finite = null[np.isfinite(null)]
    slack = _ROUNDING * max(abs(observed), float(np.abs(finite).max(initial=0.0)))
    return np.asarray(~(null < observed - slack))


def upper_pvalue(observed: float, null: Floats) -> float:
    """``(1 + #{null >= observed}) / (B + 1)``: the data are one of the B + 1 equally likely draws."""
    return float((1 + np.count_nonzero(as_extreme(observed, null))) / (null.size + 1))


def sequential_pvalue(hits: Iterable[NDArray[np.bool_]], enough: int = ENOUGH) -> float:
    """Besag and Clifford's Monte-Carlo p-value (https://doi.org/10.1093/biomet/78.2.301).

    ``hits`` says batch by batch which random draws are as extreme as the data. Stopped at the ``enough``-th such draw,
    the l-th of all, the p-value is ``enough`` / l; else (1 + hits) / (1 + draws). Both are valid, for draws in random
    order only: never for an enumeration.
    """
    count = drawn = 0
    for batch in hits:
        at = np.flatnonzero(batch)
        if count + len(at) >= enough:
            return enough / (drawn + int(at[enough - count - 1]) + 1)
        count, drawn = count + len(at), drawn + len(batch)
    return (1 + count) / (1 + drawn)
