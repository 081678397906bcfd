"""Rows of the current table that lie outside the reference."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats, Ints, as_seed
from ecotone.data import Pair
from ecotone.decide.conformal import conformal_pvalues

from ._every_row import every_row
from ._global_test import global_test
from ._row_calibration import LEAST, fewest, halves, rows_needed, units_of
from ._row_reasons import plane, row_reasons
from ._row_scores import families, scored
from ._row_share import most, select, share_outside


@dataclass(frozen=True)
class RowsOutside:
    """Which current rows lie outside the reference, and how sure that is.

    Parameters
    ----------
    share : float or None
        Share of the current rows, beyond the 1 % expected, that lie where only the rarest 1 % of the reference lies:
        the mean over splits of the reference, never below the share of the rows named. See ``share_outside``.
    interval : (float, float) or (None, None)
        From a lower bound that holds with probability .95 to one: rows that are foreign may still look typical, so
        that the upper end is open. None, and so is the share, where no row could be scored.
    share_said : str
        Both in a sentence.
    index : (k,) int64
        Positions in the current table of the rows named, ascending; empty unless ``raised``.
    named : (l,) int64
        Positions in current as it was read of the rows named and of copies of them that were left out, ascending.
    sources : tuple of (file, row)
        The same rows in their sources.
    copies_said : str
        The row outside that occurs most often, named or not, in a sentence; empty where none occurs again.
    pvalues : (rows of current as read,) float64
        Conformal p-value of every current row, copies that were left out included.
    reasons : tuple of dict
        For at most 200 of the rows named, lowest first, and of equal ones for the first: file, row, pvalue, the number
        of copies (other current rows that equal it) and the columns that make it surprising.
    n_calibration : int
    needed : int or None
        Calibration rows needed to find and name 1 % of the current rows (five at least), where there are fewer.
    global_pvalue : float
    raised : bool
        Whether ``global_pvalue`` is at most ``alpha``.
    map : dict
        ``reference``, ``current``, ``outside``: plane coordinates of at most 2 000 rows.
    """

    share: float | None
    interval: tuple[float, float] | tuple[None, None]
    share_said: str
    index: Ints
    named: Ints
    sources: tuple[tuple[str, int], ...]
    copies_said: str
    pvalues: Floats
    reasons: tuple[dict[str, Any], ...]
    n_calibration: int
    needed: int | None
    global_pvalue: float
    raised: bool
    alpha: float
    fdr: float
    map: dict[str, Any] = field(default_factory=dict)
    statement: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the p-values of all rows and the map."""
        return {
            "share": self.share,
            "interval": list(self.interval),
            "share_said": self.share_said,
            "index": [{"file": file, "row": row} for file, row in self.sources],
            "copies_said": self.copies_said,
            "reasons": list(self.reasons),
            "n_calibration": self.n_calibration,
            "needed": self.needed,
            "global_pvalue": self.global_pvalue,
            "raised": self.raised,
            "alpha": self.alpha,
            "fdr": self.fdr,
            "statement": self.statement,
            "seconds": self.seconds,
        }


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
    fit, calibrate = halves(pair, max_fit, rng)
    n, m = len(calibrate), pair.current.n
    short = rows_needed(n, m, alpha, fdr)
    enough = min(len(fit), n) >= LEAST // 2 and m > 0
    found = scored(pair, (fit, calibrate), max_fit, rng) if enough else None
    if found is None:
        return _nothing(pair, n, short, alpha, fdr)
    global_p = global_test(found.scores, n, units_of(pair, calibrate), rng)
    raised = global_p <= alpha
    each = [conformal_pvalues(current, held) for held, current in found.pairs]
    by_score = families(pair, found, (fit, calibrate), max_fit, rng)
    named = [
        select(p, live, fdr / 2, most(family) if raised else 0)
        for p, (_, live), family in zip(each, found.pairs, by_score)
    ]
    index = np.union1d(*named)
    pvalues = np.minimum(1.0, 2 * np.minimum(*each))
    every = every_row(pair, found, index, pvalues)
    share = share_outside(by_score, len(index), None if pair.units is None else _counts(pair))
    return RowsOutside(
        share=share.value,
        interval=share.interval,
        share_said=share.said(),
        index=index,
        named=every.named,
        sources=every.sources,
        copies_said=every.copies_said,
        pvalues=every.pvalues,
        reasons=row_reasons(
            pair,
            found.encoder,
            found.density,
            found.pooled[n:],
            index,
            named[0],
            pvalues,
            found.scores[0][n:],
            every.copies,
        ),
        n_calibration=n,
        needed=short if not len(index) else None,
        global_pvalue=global_p,
        raised=raised,
        alpha=alpha,
        fdr=fdr,
        map=plane(found.density, found.pooled, n, index, rng),
        statement=_statement(raised, index, share.value, fdr, short, (n, m), pair.units is not None),
        seconds=time.perf_counter() - began,
    )


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


def _nothing(pair: Pair, n: int, short: int | None, alpha: float, fdr: float) -> RowsOutside:
    """No column or too few rows to score."""
    why = (
        f"Rows are not scored: {pair.reference.n} rows of reference ({LEAST} are needed, of two units or more), "
        "or no column to score."
    )
    empty = np.empty(0, np.int64)
    ones = np.ones(pair.current.n if pair.stand_in is None else len(pair.stand_in))
    nothing = (None, (None, None), "The share outside is not estimated.")
    return RowsOutside(*nothing, empty, empty, (), "", ones, (), n, short, 1.0, False, alpha, fdr, statement=why)
