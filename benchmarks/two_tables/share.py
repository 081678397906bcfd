"""The share outside, its lower bound, and the rows named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scenarios import outside

from ecotone.checkup.rows._rows import rows_outside
from ecotone.checkup.rows._rows_outside import RowsOutside
from ecotone.data import Pair, align_tables, read_table

_FOREIGN, _SHIFT, _COLUMNS = 0.1, 0.8, 5


def _tables(seed: int, kind: str, n: int) -> tuple[Pair, float, float]:
    """Both tables; the share of their law that is foreign, and of the current rows.

    A shift of a normal law is foreign as a whole: no part of the law of reference, however small, is in it, for the
    ratio of the two densities has no lower bound above zero.
    """
    if kind == "shift":
        rng = np.random.default_rng([seed, 81])
        frames = [pd.DataFrame(rng.standard_normal((n, _COLUMNS))).add_prefix("x") for _ in range(2)]
        frames[1]["x0"] += _SHIFT
        law = drawn = 1.0
    else:
        *frames, truth = outside(n, n, _COLUMNS, seed, kind, _FOREIGN)
        law, drawn = 0.0 if kind == "none" else _FOREIGN, len(truth["rows"]) / n
    return align_tables(read_table(frames[0]), read_table(frames[1], name="current")), law, drawn


def _found(both: Pair, seed: int) -> RowsOutside:
    return rows_outside(both, alpha=0.005, fdr=0.1, seed=seed)


def share(seed: int, *, kind: str, n: int) -> dict[str, Any]:
    """Whether the bound lies below what is foreign in law (and in the table), and the share below the rows named."""
    both, law, drawn = _tables(seed, kind, n)
    found = _found(both, seed)
    least = found.interval[0]
    return {
        "covered": least <= law,
        "covered_drawn": least <= drawn,
        "below_named": found.share < len(found.index) / n,
        "share": found.share,
        "least": least,
    }


def share_over_seeds(seed: int, *, kind: str, n: int, seeds: int = 10) -> dict[str, Any]:
    """Largest less smallest share of one pair of tables, over seeds of the method."""
    both, _, _ = _tables(seed, kind, n)
    shares = [_found(both, s).share for s in range(seeds)]
    return {"spread": max(shares) - min(shares), "lowest": min(shares), "highest": max(shares)}
