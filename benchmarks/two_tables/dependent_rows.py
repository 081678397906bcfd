"""Pairs of tables for the tests of dependence: independent rows that look alike, and rows that hang together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.signal import lfilter

COLUMNS = 5
Tables = tuple[pd.DataFrame, pd.DataFrame]


def dependent_rows(kind: str, n: int, seed: int, **shape: Any) -> Tables:
    """Two tables; ``kind`` names one of the functions of this module."""
    return tuple(globals()[kind](n, seed, k, **shape) for k in range(2))  # type: ignore[return-value]


def _generator(seed: int, table: int, kind: int) -> np.random.Generator:
    return np.random.default_rng([seed, table, kind])


def _frame(rng: np.random.Generator, n: int, shared: np.ndarray, share: float) -> pd.DataFrame:
    """Columns with ``share`` of their variance (n, COLUMNS) ``shared``; the last two rounded and cut in classes."""
    x = np.sqrt(share) * shared + np.sqrt(1 - share) * rng.standard_normal((n, COLUMNS))
    table = pd.DataFrame(x[:, :3], columns=["income", "age", "size"])
    table["visits"] = np.maximum(np.round(np.exp(1 + 0.5 * x[:, 3])), 0).astype(int)
    table["plan"] = np.array(["basic", "plus", "gold", "none"])[np.digitize(x[:, 4], [-0.8, 0.2, 1.2])]
    return table


def _named(code: np.ndarray, as_type: str) -> np.ndarray | pd.Series:
    if as_type == "text":
        return np.char.add("k", code.astype(str))
    if as_type == "date":
        return pd.Timestamp("2024-01-01") + pd.to_timedelta(code, unit="D")
    return code


def category(
    n: int, seed: int, table: int, *, levels: int, zipf: float = 0.0, as_type: str = "text", share: float = 0.1,
    moved: float = 0.0, new: float = 0.0, shift: float = 0.0, order: str = "", disjoint: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Independent rows with a property that goes along with every other column.

    ``moved``: its levels' shares move by so much in the second table; ``new``: so many of its levels are others there;
    ``shift``: the other columns shift; ``order``: columns that both files are sorted by (``hidden``: by a number that
    is not there); ``disjoint``: other levels altogether, which say nothing of the other columns.
    """
    law, rng = np.random.default_rng([seed, 77]), _generator(seed, table, 1)
    effect = law.standard_normal((2 * levels, COLUMNS))
    p = np.arange(1, levels + 1.0) ** -zipf
    if moved and table:
        p = p * law.permutation(np.resize([1 + moved, 1 - moved], levels))
    code = rng.choice(levels, n, p=p / p.sum())
    if new and table:
        others = law.permutation(levels)[: round(new * levels)]
        code = np.where(np.isin(code, others), code + levels, code)
    frame = _frame(rng, n, effect[code], 0.0 if disjoint else share)
    frame["income"] += shift * table
    frame["group"] = _named(code + disjoint * table * levels, as_type)
    if order == "hidden":
        hidden = frame["income"] + rng.standard_normal(n)
        return frame.iloc[np.argsort(hidden.to_numpy())].reset_index(drop=True)
    return frame.sort_values(order.split("+"), kind="stable").reset_index(drop=True) if order else frame


def copied(n: int, seed: int, table: int, *, share: float) -> pd.DataFrame:
    """Independent rows, a share of which comes twice (with another number of the row)."""
    frame = category(n, seed, table, levels=30)
    rng = _generator(seed, table, 2)
    again = rng.choice(n, round(share * n), replace=False)
    return pd.concat([frame, frame.iloc[again]]).sample(frac=1, random_state=seed).reset_index(drop=True)


def entities(
    n: int, seed: int, table: int, *, size: int, similar: float, as_type: str = "text", rising: bool = False,
    grouped: bool = False, hidden: bool = False, churn: float = 1.0, effect: float = 0.0,
) -> pd.DataFrame:  # fmt: skip
    """``size`` rows of each entity, with ``similar`` of the variance its own.

    ``churn``: share of the entities that are in one table only; ``effect``: share of an entity's part that is another
    in each table (a panel has churn 0); ``rising``: numbers of the second table follow those of the first;
    ``grouped``: the file is in their order; ``hidden``: without the column that names them.
    """
    rng, both = _generator(seed, table, 3), np.random.default_rng([seed, 78])
    m = n // size
    kept = round((1 - churn) * m)
    who = np.arange(m) + np.where(np.arange(m) < kept, 0, (1 + table) * 10 * m)
    own = np.where((np.arange(m) < kept)[:, None], both.standard_normal((m, COLUMNS)), 0)
    own[kept:] = rng.standard_normal((m - kept, COLUMNS))
    own = np.sqrt(1 - effect) * own + np.sqrt(effect) * rng.standard_normal((m, COLUMNS))
    names = who if rising else both.permutation(40 * m)[who]
    frame = _frame(rng, m * size, np.repeat(own, size, axis=0), similar)
    if not hidden:
        frame["customer"] = _named(np.repeat(names, size), as_type)
    return frame if grouped else frame.sample(frac=1, random_state=seed + table).reset_index(drop=True)


def chain(
    n: int, seed: int, table: int, *, phi: float, share: float = 1.0, binned: str = "", clock: str = "",
) -> pd.DataFrame:  # fmt: skip
    """A first-order chain in ``share`` of each column's variance, in file order.

    ``binned``: with a column that cuts the first one into classes, some of them wrong; ``clock``: with the time of
    each row.
    """
    rng = _generator(seed, table, 4)
    steps = rng.standard_normal((n + 2000, COLUMNS))
    x = lfilter([np.sqrt(1 - phi**2)], [1, -phi], steps, axis=0)[2000:]
    frame = _frame(rng, n, x, min(share, 1.0 - 1e-9))
    if binned:
        code = np.clip(((frame["income"].to_numpy() + 3) * 4).astype(int), 0, 24)
        frame[binned] = _named(np.where(rng.random(n) < 0.3, rng.integers(0, 25, n), code), "text")
    if clock:
        frame[clock] = _hours(n, table)
    return frame


def _hours(n: int, table: int) -> pd.Series:
    return pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) + table * n, unit="h"))


def visited(n: int, seed: int, table: int, *, size: int, similar: float) -> pd.DataFrame:
    """Rows in order of time that were drawn by site, the sites of each table its own."""
    frame = entities(n, seed, table, size=size, similar=similar)
    return frame.assign(when=_hours(len(frame), table))


def shocks(n: int, seed: int, table: int, *, size: int, day: int, share: float, similar: float = 0.2) -> pd.DataFrame:
    """Entities, whose rows stand in order of time, and days on which all rows are alike whoever they are of."""
    rng = _generator(seed, table, 5)
    m = n // size
    who = rng.permutation(np.repeat(np.arange(m), size))
    own = np.sqrt(similar) * rng.standard_normal((m, COLUMNS))[who]
    days = np.sqrt(share) * np.repeat(rng.standard_normal((n // day + 1, COLUMNS)), day, axis=0)[: len(who)]
    frame = _frame(rng, len(who), (own + days) / np.sqrt(similar + share), similar + share)
    return frame.assign(customer=_named(who + table * m, "text"))
