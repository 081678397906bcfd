"""Which values only tell rows apart, so that they differ between any two tables by design."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import Floats, Ints

from ._typing import Raw

#: Values are nearly unique from this share of distinct ones on.
NEARLY_UNIQUE = 0.9
#: No column of fewer values is taken for an identifier.
FEWEST_FOR_ID = 20


def codes_of(raw: Raw) -> Floats:
    """(n,) a number for each value, equal where the values are, NaN where missing."""
    codes = np.unique(raw.key(), return_inverse=True)[1].astype(np.float64)
    codes[raw.missing] = np.nan
    return codes


def codes_of_numbers(values: Floats) -> Floats:
    codes = np.unique(values, return_inverse=True)[1].astype(np.float64)
    codes[np.isnan(values)] = np.nan
    return codes


def identifies(raw: Raw, values: Floats) -> str:
    """Why whole numbers are an identifier; empty where they are not."""
    exact = values if raw.whole is None else raw.whole
    if max(raw.split, len(exact) - raw.split) < FEWEST_FOR_ID:
        return ""
    if raw.missing.any():
        return ""
    halves = exact[: raw.split], exact[raw.split :]
    if all((h[1:] > h[:-1]).all() for h in halves):
        return "rising identifier: differs by design"
    if all(_consecutive(h) for h in halves) or _consecutive(exact):
        return "consecutive identifier: differs by design"
    if named_id(raw.name) and nearly_unique(exact, raw.split):
        return "identifier by its name, nearly unique: differs by design"
    return ""


def nearly_unique(x: Floats | Ints, split: int) -> bool:
    """Whether values hardly repeat, over both tables or in each (the same units may be in both)."""

    def share(part: Floats | Ints) -> float:
        return float(pc.count_distinct(pa.array(part)).as_py()) / len(part) if len(part) else 1.0

    if share(x) >= NEARLY_UNIQUE:
        return len(x) >= FEWEST_FOR_ID
    halves = x[:split], x[split:]
    return max(map(len, halves)) >= FEWEST_FOR_ID and all(share(half) >= NEARLY_UNIQUE for half in halves)


def named_id(name: str) -> bool:
    """Whether a column's name says that it holds identifiers."""
    return any(
        w in ("id", "uuid", "guid", "key", "index") for w in name.lower().replace("-", "_").replace(" ", "_").split("_")
    )


def _consecutive(x: Floats | Ints) -> bool:
    """Whether whole numbers are a run without gaps and repetitions, in any order."""
    low = x.min()
    if float(x.max()) - float(low) != len(x) - 1:
        return False
    return bool((np.bincount((x - low).astype(np.int64), minlength=len(x)) == 1).all())


def distinct_share(present: Floats, low: float, high: float) -> float:
    if high - low + 1 <= 0.5 * len(present):  # more rows than there could be values
        return 0.0
    return float(pc.count_distinct(pa.array(present)).as_py()) / len(present)
