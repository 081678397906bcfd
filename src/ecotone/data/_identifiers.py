"""Which values only tell rows apart, so that they differ between any two tables by design."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import special, stats

from ecotone.contracts import Floats, Ints

from ._pooled_column import PooledColumn

#: Values are nearly unique from this share of distinct ones on.
NEARLY_UNIQUE = 0.9
#: No column of fewer values is taken for an identifier.
FEWEST_FOR_ID = 20
#: Chance of so few repeated values, up to which they are unique by design.
CHANCE = 1e-6
NEAR = 32  # steps within which a distribution is taken to be smooth
_ID_WORDS = frozenset({"id", "ids", "uuid", "guid", "key", "index", "serial"})
#: What is given numbers, in names such as ``customerid`` and ``order_no``.
_NUMBERED = frozenset(
    {"account", "booking", "case", "claim", "client", "contract", "customer", "device", "employee", "event", "invoice"}
    | {"item", "loan", "member", "order", "passenger", "patient", "payment", "person", "policy", "product", "record"}
    | {"reference", "row", "session", "shipment", "student", "ticket", "trace", "transaction", "user", "visit"}
)


def codes_of(raw: PooledColumn) -> Floats:
    """(n,) a number for each value, equal where the values are, NaN where missing."""
    codes = np.unique(raw.key(), return_inverse=True)[1].astype(np.float64)
    codes[raw.missing] = np.nan
    return codes


def identifies(raw: PooledColumn) -> str:
    """Why whole numbers are an identifier, and how to have them compared; empty where they are not."""
    there = ~raw.missing
    x, split = _whole_numbers(raw)[there], int(there[: raw.split].sum())
    halves = x[:split], x[split:]
    if max(map(len, halves)) < FEWEST_FOR_ID or np.isinf(raw.values).any():
        return ""
    if all((h[1:] > h[:-1]).all() for h in halves) or all((h[1:] < h[:-1]).all() for h in halves):
        kind = "rising identifier"
    elif all(_consecutive(h) for h in halves) or _consecutive(x):
        kind = "consecutive identifier"
    elif named_id(raw.name) and nearly_unique(x, split):
        kind = "identifier by its name, nearly unique"
    elif unique_by_design([x]) or unique_by_design(halves):
        kind = "identifier with gaps, whole numbers so close that chance would repeat some"
    elif _goes_on(*halves) and nearly_unique(x, split):
        kind = "identifier with gaps, current goes on where the reference ends"
    else:
        return ""
    return f"{kind}: differs by design; name it in ordinal to have it compared"


def _whole_numbers(raw: PooledColumn) -> Floats | Ints:
    """Values exactly, or less their smallest where float64 has too few digits for them."""
    if raw.whole is not None:
        return raw.whole
    offsets = None if raw.exact is None else raw.exact.offsets()
    return raw.values if offsets is None else offsets


def unique_by_design(parts: Sequence[Floats | Ints]) -> bool:
    """Whether whole numbers repeat less often than a distribution that is smooth over some tens of numbers lets them.

    Independent draws at rate r a number give r**2 / 2 equal pairs a number and r**2 pairs at each distance; numbers
    that were given out in turn give none that are equal. Pairs count within each of the ``parts``.
    """
    equal = close = 0
    for part in parts:
        x = np.sort(part)
        gaps = np.diff(x)
        apart = gaps[gaps > 0]
        if not len(apart) or not (apart < 2**53).all():
            continue
        step = int(np.gcd.reduce(apart.astype(np.int64)))
        above = np.searchsorted(x, x, side="right")
        equal += int((above - np.arange(1, len(x) + 1)).sum())
        close += int((np.searchsorted(x, x + NEAR * step, side="right") - above).sum())
    return bool(close and special.bdtr(equal, equal + close, 1 / (2 * NEAR + 1)) <= CHANCE)


def _goes_on(reference: Floats | Ints, current: Floats | Ints) -> bool:
    """Whether one table's numbers lie evenly in a range of their own that begins soon after the other's ends."""
    if min(len(reference), len(current)) < FEWEST_FOR_ID:
        return False
    low, high = sorted((reference, current), key=lambda half: float(half.min()))
    wide = max(float(low.max()) - float(low.min()), float(high.max()) - float(high.min()))
    between = float(high.min()) - float(low.max())
    return 0 < between <= wide and all(_even(half) for half in (low, high))


def _even(half: Floats | Ints) -> bool:
    """Whether values lie as evenly over their range as draws from a uniform distribution do."""
    place = (half.astype(np.float64) - float(half.min())) / max(float(half.max()) - float(half.min()), 1e-300)
    return bool(stats.kstest(place, "uniform").pvalue > 0.01)


def nearly_unique(x: Floats | Ints, split: int) -> bool:
    """Whether values hardly repeat, over both tables or in each (the same units may be in both)."""

    def share(part: Floats | Ints) -> float:
        return float(pc.count_distinct(pa.array(part)).as_py()) / len(part) if len(part) else 1.0

    if share(x) >= NEARLY_UNIQUE:
        return len(x) >= FEWEST_FOR_ID
    halves = x[:split], x[split:]
    return max(map(len, halves)) >= FEWEST_FOR_ID and all(share(half) >= NEARLY_UNIQUE for half in halves)


def named_id(name: str) -> bool:
    """Whether a column's name says that it holds identifiers: ``order_id``, ``PassengerId``, ``invoice no``."""
    words = [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    if any(w in _ID_WORDS or (w.endswith("id") and w[:-2] in _NUMBERED) for w in words):
        return True
    return len(words) > 1 and words[-1] in ("no", "nr", "number", "num") and words[-2] in _NUMBERED


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
