"""Rows of the current table that lie outside the reference."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import BadInput, Floats, Ints, as_seed
from ecotone.data import Pair
from ecotone.decide.conformal import conformal_pvalues

from ._every_row import every_row
from ._global_test import global_test
from ._row_calibration import LEAST, fewest, halves, rows_needed, units_of
from ._row_reasons import plane, row_reasons
from ._row_scores import Scored, families, scored
from ._row_share import Scores, most, select, share_outside
from ._rows_outside import RowsOutside


def rows_outside(
    pair: Pair, *, alpha: float, fdr: float = 0.1, seed: int | None = 0, max_fit: int = 20_000
) -> RowsOutside:
    """Test whether any current row lies outside the reference, and name those that do.

    One half of the reference fits the columns' normal scores and a Gaussian mixture; the other half calibrates.
    Two scores are read: the mixture's log density, and the likelihood ratio to a component found in calibration and
    current rows together, unlabelled. Both treat calibration and current rows alike, so under an unchanged distribution
    their ranks are exchangeable: the global test is exact at ``alpha``, rows are named only behind it, and
    naming (Benjamini and Hochberg at ``fdr / 2`` on either score) keeps the false discovery rate at ``fdr``. By each
    score no more rows are named than its share outside allows, so that list and share agree.

    Parameters
    ----------
    pair : Pair
        Where ``units`` are given they stay together in the halves and in the global test; rows of one unit depend
        on each other, so the p-values hold row by row but the false discovery rate is not proved.
    alpha : float
        Level of the global test.
    fdr : float
    seed : int or None
    max_fit : int
        Most rows that the density is fitted on.

    Raises
    ------
    BadInput
        For ``alpha`` or ``fdr`` outside (0, 1).
    """
    for name, value in (("alpha", alpha), ("fdr", fdr)):
        if not 0 < value < 1:
            raise BadInput(f"{name} must lie between 0 and 1, got {value!r}")
    began, rng = time.perf_counter(), as_seed(seed, 31)
    halving = halves(pair, max_fit, rng)
    n, m = len(halving[1]), pair.current.n
    short = rows_needed(n, m, alpha, fdr)
    enough = min(map(len, halving)) >= LEAST // 2 and m > 0
    found = scored(pair, halving, max_fit, rng) if enough else None
    if found is None:
        rows = m if pair.stand_in is None else len(pair.stand_in)
        return RowsOutside.not_scored(
            rows, alpha=alpha, fdr=fdr, n_calibration=n, needed=short, global_pvalue=1.0, statement=_unscored(pair)
        )
    global_p = global_test(found.scores, n, units_of(pair, halving[1]), rng)
    by_score = families(pair, found, halving, max_fit, rng)
    named = _named(found, by_score, fdr, raised=global_p <= alpha)
    units = None if pair.units is None else _counts(pair)
    share = share_outside(by_score, len(named.index), units)
    every = every_row(pair, found, named.index, named.pvalues)
    return RowsOutside(
        share=share.value,
        interval=share.interval,
        share_said=share.said(),
        index=named.index,
        named=every.named,
        places=every.places,
        copies_said=every.copies_said,
        pvalues=every.pvalues,
        reasons=row_reasons(pair, found, named.index, named.improbable, named.pvalues, every.copies),
        n_calibration=n,
        needed=short if not len(named.index) else None,
        global_pvalue=global_p,
        raised=global_p <= alpha,
        alpha=alpha,
        fdr=fdr,
        map=plane(found.density, found.pooled, n, named.index, rng),
        statement=_statement(global_p <= alpha, named.index, share.value, fdr, short, (n, m), units is not None),
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True)
class _Named:
    """Current rows that are named, those of them by the density alone, and every row's p-value."""

    index: Ints
    improbable: Ints
    pvalues: Floats


def _named(found: Scored, by_score: Sequence[Sequence[Scores]], fdr: float, *, raised: bool) -> _Named:
    """Behind the global test, by each score no more rows than its share outside allows."""
    each = [conformal_pvalues(current, held) for held, current in found.pairs]
    improbable, foreign = (
        select(p, live, fdr / 2, most(family) if raised else 0)
        for p, (_, live), family in zip(each, found.pairs, by_score)
    )
    return _Named(np.union1d(improbable, foreign), improbable, np.minimum(1.0, 2 * np.minimum(*each)))


def _counts(pair: Pair) -> tuple[int, int]:
    assert pair.units is not None
    return len(np.unique(pair.units[0])), len(np.unique(pair.units[1]))


def _statement(
    raised: bool, index: Ints, share: float, fdr: float, short: int | None, sizes: tuple[int, int], units: bool
) -> str:
    n, m = sizes
    said = []
    if len(index):
        said.append(f"Of the rows named, at most {fdr:.0%} are expected to be from the reference's distribution.")
    elif raised:
        said.append("Some current rows lie outside, but none can be named singly at this rate.")
    if share > 0.5:
        said.append("More than half of the table lies outside: read the share, not the list.")
    if short and not len(index):
        said.append(f"Naming {fewest(m):,} of {m:,} rows takes {short:,} calibration rows; there are {n:,}.")
    if units:
        said.append("Rows of one unit depend on each other: the alarm allows for it, the list's rate is not proved.")
    return " ".join(said)


def _unscored(pair: Pair) -> str:
    """Why no row has a score."""
    return (
        f"Rows are not scored: {pair.reference.n} rows of reference ({LEAST} are needed, of two units or more), "
        "or no column to score."
    )
