"""Tables of one law whose rows repeat by nature, with copies or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ecotone.compare.two_sample import two_tables
from ecotone.compare.two_sample._marginal_test import marginal_test
from ecotone.data import align_tables, read_table

_ALPHA = 0.04  # the verdict's share of .05


def _continuous(n: int, rng: np.random.Generator, _: np.random.Generator, share: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame(rng.standard_normal((n, 4)) + share, columns=list("abcd"))


def _zeros(n: int, rng: np.random.Generator, _: np.random.Generator, share: float = 0.5) -> pd.DataFrame:
    table = pd.DataFrame(rng.gamma(1, 1, (n, 4)).round(3), columns=list("abcd"))
    table[rng.random(n) < share] = 0.0
    return table


def _prices(n: int, rng: np.random.Generator, shop: np.random.Generator, share: float = 0.1) -> pd.DataFrame:
    """Some rows are of fifty on a list that both tables share."""

    def draw(rng: np.random.Generator, n: int) -> pd.DataFrame:
        kinds = rng.choice(list("abcdef"), n)
        return pd.DataFrame({"price": rng.lognormal(3, 0.5, n), "kind": kinds, "qty": rng.integers(1, 9, n)})

    menu, table = draw(shop, 50), draw(rng, n)
    listed = rng.random(n) < share
    table.loc[listed] = menu.iloc[rng.integers(0, 50, int(listed.sum()))].to_numpy()
    return table.astype({"price": float, "qty": int})


def _categories(n: int, rng: np.random.Generator, _: np.random.Generator, share: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame({f"c{j}": rng.choice(list("abcd"), n, p=[0.4, 0.3, 0.2, 0.1]) for j in range(4)})


def _rounded(n: int, rng: np.random.Generator, _: np.random.Generator, share: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame(rng.standard_normal((n, 2)).round(1), columns=list("xy"))


_LAWS: dict[str, Callable[..., pd.DataFrame]] = {
    "continuous": _continuous,
    "zeros": _zeros,
    "prices": _prices,
    "categories": _categories,
    "rounded": _rounded,
}


def tables(
    seed: int,
    law: str,
    n: int,
    n_cur: int,
    *,
    copied: tuple[float, float] = (0, 0),
    twice: tuple[bool, bool] = (False, False),
    grown: bool = False,
    own: bool = False,
    moved: float | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and current.

    ``copied`` shares of the rows are copied at random within a table; ``twice``: it is appended to itself;
    ``grown``: current contains the reference; ``own``: current has a column more, of ten values; ``moved``: the law's
    parameter in current.
    """
    rng, shop = np.random.default_rng([seed, 11]), np.random.default_rng([seed, 12])
    draw = _LAWS[law]
    drawn = [draw(n, rng, shop)]
    shop = np.random.default_rng([seed, 12])
    drawn.append(draw(n_cur, rng, shop) if moved is None else draw(n_cur, rng, shop, moved))
    if grown:
        drawn[1] = pd.concat([drawn[0], drawn[1]], ignore_index=True)
    if own:
        drawn[1]["late"] = rng.integers(0, 10, len(drawn[1]))
    for t in (0, 1):
        if twice[t]:
            drawn[t] = pd.concat([drawn[t], drawn[t]], ignore_index=True)
        if copied[t]:
            again = drawn[t].iloc[rng.integers(0, len(drawn[t]), int(copied[t] * len(drawn[t])))]
            drawn[t] = pd.concat([drawn[t], again]).iloc[rng.permutation(len(drawn[t]) + len(again))]
    return drawn[0].reset_index(drop=True), drawn[1].reset_index(drop=True)


def repeated(seed: int, *, law: str, n: int, n_cur: int, verdict: bool = False, **how: Any) -> dict[str, Any]:
    """Margins at .05, the whole verdict at its share if asked for, and the rows left out."""
    reference, current = tables(seed, law, n, n_cur, **how)
    both = align_tables(read_table(reference), read_table(current, name="current"), seed=seed)
    found: dict[str, Any] = {"margins": marginal_test(both, seed=seed).pvalue <= 0.05}
    if verdict:
        found["changed"] = two_tables(both, alpha=_ALPHA, min_effect=0.02, fdr=0.1, seed=seed).changed
    lost = both.duplicates
    return found | {"reference_left_out": lost["reference"], "current_left_out": lost["current"]}
