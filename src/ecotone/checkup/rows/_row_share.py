"""How large a share of the current rows lies where hardly any of the reference does, and at least how large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ecotone.checkup.words import percent
from ecotone.contracts import Floats, Ints
from ecotone.decide.multiple_testing import step_up_count

TAIL = 0.01  # of the reference, its rarest: a level fixed in advance, whatever the rows are
LEVEL = 0.95  # of the lower bound
_AT_TAIL = 0.04  # of the bound's error: the rest is for rows lower than the lowest few of the reference
_STEP = 4  # from one of their ranks to the next

Scores = tuple[Floats, Floats]  # of calibration rows and of current rows


@dataclass(frozen=True)
class ShareOutside:
    """Share of the current rows in the rarest part of the reference beyond what belongs there.

    Parameters
    ----------
    value : float
        Never below ``least`` and the share of the rows named.
    least : float
        Lower bound at ``LEVEL``. There is no upper one: foreign rows may look like any row.
    what : str
        What the rows of the share do, to be put after their number.
    """

    value: float
    least: float
    what: str

    @property
    def interval(self) -> tuple[float, float]:
        """From the lower bound to one: the upper end is open."""
        return self.least, 1.0

    def said(self, rows: str = "current rows") -> str:
        """The share and its bound in one sentence."""
        return f"{percent(self.value)} of the {rows} (at least {percent(self.least)}){self.what}."


def share_outside(
    families: Sequence[Sequence[Scores]], named: int = 0, units: tuple[int, int] | None = None
) -> ShareOutside:
    r"""Share of the current rows in a fixed tail of the reference, averaged over splits of the reference.

    With a tail of k of n calibration rows, e = k / (n + 1) and c the share of the current rows in it, the share is
    :math:`(c - e) / (1 - e)`: of rows that are all of the reference's distribution e is expected. It bounds from below
    the share of the current rows that are not of that distribution, for :math:`Q \ge (1 - \pi) P` gives
    :math:`\pi \ge (Q(A) - P(A)) / (1 - P(A))` for any A. c is the mean over splits, of the score for which it is
    largest. The lower bound allows for the current rows (Clopper and Pearson), for the calibration rows of one split
    (the tail's true probability is Beta(k, n + 1 - k)), and for the choice of a score; a fifth of its error is kept
    for rows below the 1st, 4th, 16th ... calibration row of the first split, where few rows are named.

    Parameters
    ----------
    families : sequence of scores, each a sequence of splits: (calibration (n,), current (m,)), low is outside
        A split may score a part of the current rows; the parts of a family add up to whole tables.
    named : int
        Rows named.
    units : (int, int), optional
        Of reference and current table, where rows come in units: the bound counts these in the place of rows.
    """
    tails = [_tail(family) for family in families]
    rows = max(len(current) for _, current in families[0])
    fewest = 1.0 if units is None else units[1] / rows
    kept = 1.0 if units is None else min(1.0, units[0] / (2 * min(t.n for t in tails)))
    bounds = [t.bound(rows * fewest, kept, _AT_TAIL / len(families)) for t in tails]
    for family in families:
        held = len(family[0][0])
        ranks = [rank for rank in (_STEP**i for i in range(8)) if rank < TAIL * (held + 1)]
        error = (1 - LEVEL - _AT_TAIL) / (len(families) * max(1, len(ranks)))
        for rank in ranks:
            low = _Tail(held, rank, 0.0, 0.0, _lowest(*family[0], rank)[1])
            bounds.append(low.bound(len(family[0][1]) * fewest, kept, error))
    least, best = max(0.0, *bounds), max(tails, key=lambda t: t.excess)
    beyond, rarest = (
        f"beyond the {percent(best.chance)} expected",
        f"the rarest {percent(best.chance)} of the reference",
    )
    if named and named / rows > max(best.excess, least):
        return ShareOutside(named / rows, least, f" are those named; no more lie in {rarest} {beyond}")
    if least > best.excess:
        return ShareOutside(least, least, " lie lower than nearly all of the reference")
    return ShareOutside(max(best.excess, 0.0), least, f", {beyond}, lie where only {rarest} lies")


@dataclass(frozen=True)
class _Tail:
    """A score's tail: k of n calibration rows, ``chance``; the share of current rows in it, ties dealt, and surely."""

    n: int
    k: int
    chance: float
    dealt: float
    surely: float

    @property
    def excess(self) -> float:
        return (self.dealt - self.chance) / (1 - self.chance)

    def bound(self, m: float, kept: float, error: float) -> float:
        """Lower bound of the share beyond chance; half of ``error`` for the current rows, half for the calibration's.

        ``kept``: independent calibration rows as a share of all.
        """
        count = self.surely * m
        low = float(stats.beta.ppf(error / 2, count, m - count + 1)) if count > 0 else 0.0
        chance = float(stats.beta.isf(error / 2, self.k * kept, (self.n + 1 - self.k) * kept))
        return (low - chance) / (1 - chance)


def _tail(family: Sequence[Scores]) -> _Tail:
    sizes = [len(calibration) for calibration, _ in family]
    tail = max(TAIL, 2 / (min(sizes) + 1))
    ks = [int(tail * (size + 1) + 1e-9) for size in sizes]
    chance = float(np.mean([k / (size + 1) for k, size in zip(ks, sizes)]))
    dealt, surely = np.average(
        [_lowest(*scores, k) for scores, k in zip(family, ks)], axis=0, weights=[len(current) for _, current in family]
    )
    return _Tail(min(sizes), min(ks), chance, float(dealt), float(surely))


def most(family: Sequence[Scores]) -> int:
    """Rows that may be named by a score: its share outside and a standard error."""
    found, m = _tail(family), len(family[0][1])
    error = np.sqrt(found.chance * (1 - found.chance) * (1 / m + 1 / found.n))
    return int(np.ceil(m * min(1.0, max(found.excess, 0.0) + error)))


def select(pvalues: Floats, scores: Floats, fdr: float, at_most: int) -> Ints:
    """The largest k <= ``at_most`` rows of lowest score with p <= fdr k / m: those of Benjamini and Hochberg, or fewer.

    Any k rows with p <= fdr k / m, k falling in the p-values, keep the rate under positive dependence (Blanchard and
    Roquain 2008, https://doi.org/10.1214/08-EJS180).
    """
    order = np.lexsort((scores, pvalues))[:at_most]
    return np.sort(order[: step_up_count(pvalues[order], fdr, len(pvalues))])


def _lowest(calibration: Floats, current: Floats, k: int) -> tuple[float, float]:
    """Share of the current rows below the k-th lowest calibration row: ties dealt out, and ties counted against them.

    A row that ties with t calibration rows takes one of t + 1 places among them, each as likely; the first figure is
    then k / (n + 1) in the mean for rows of one distribution, ties or none.
    """
    ranked = np.sort(calibration)
    near = current[current <= ranked[k - 1]]  # all others have k calibration rows below them
    low, high = (np.searchsorted(ranked, near, side=side) for side in ("left", "right"))
    below = np.clip((k - low) / (high - low + 1), 0, 1).sum()
    return float(below / len(current)), float((high < k).sum() / len(current))
