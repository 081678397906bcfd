"""E-detectors on the cells of ranks: alarms with a stated mean time, or probability, of being false."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats, Ints

from ._bets import Bets

CARD = Card(
    name="EDetectors",
    summary="Alarms when rows' ranks among reference and past stop being uniform, with a stated run length.",
    contract="Sequential",
    title="E-detectors: A nonparametric framework for sequential change detection",
    authors=("Shin, Jaehyeok", "Ramdas, Aaditya", "Rinaldo, Alessandro"),
    year=2023,
    link="https://arxiv.org/abs/2203.03532",
    reads=("rows", "profile"),
)


STRETCH = 256  # rows whose ratios are held at once


@dataclass
class EDetectors:
    r"""K detectors that read one cell each of every row, and bet on B alternatives each.

    Row t falls into cell :math:`c` of detector k with probability :math:`\pi_c = (g_c + N_c) / (n + t)` given that
    detector's own past (:class:`~ecotone.decide.sequential.RankCells`), so that
    :math:`e_b = b_c / \sum_{c'} \pi_{c'} b_{c'}` has mean one. With a prior :math:`p_t` over the time of the change

    .. math:: R_b(t) = (R_b(t - 1) + p_t)\, e_b, \qquad R(t) = \sum_b w_b R_b(t),

    and detector k alarms where :math:`R \ge` its threshold; then its R begins at 0 again, and N goes on. With
    :math:`p_t = 1` (Shiryaev-Roberts) :math:`R(t) - t` is a supermartingale: at thresholds :math:`A / v_k`, shares
    :math:`v_k` summing to one, false alarms come at most every A rows on average, whatever the dependence between the
    detectors; at :math:`2A / v_k` the mean time to the first one is at least A. With :math:`p_t = 1 / (t (t + 1))` and
    :math:`1 / (\varepsilon v_k)` the probability of ever a false alarm is at most :math:`\varepsilon`.

    All of it needs rows that are independent and, until the change, distributed as the reference's.

    Parameters
    ----------
    gaps : (K, m) int64
        Of the cells; every row sums to n + 1.
    bets : Bets
        On m cells; the same for all K detectors.
    thresholds : (K,) float64
    ever : bool
        Whether the prior sums to one.

    Examples
    --------
    >>> from ecotone.decide.sequential import CellTable, column_bets, thresholds
    >>> rng = np.random.default_rng(0)
    >>> table = CellTable.of(rng.normal(size=(999, 1)), rng.random((999, 1)))
    >>> detectors = EDetectors(table.column_gaps, column_bets(), thresholds(np.ones(1), arl=20_000))
    >>> x = np.append(rng.normal(size=500), rng.normal(0.5, 1, 200))[:, None]
    >>> detectors.update(table.find(x, rng.random(x.shape))[0])  # (row, detector)
    [(596, 0)]
    """

    gaps: Ints
    bets: Bets
    thresholds: Floats
    ever: bool = False
    rows: int = 0
    counts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    evidence: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        k, m = self.gaps.shape
        if self.bets.ratios.shape[1] != m or self.thresholds.shape != (k,):
            raise BadInput(f"{k} detectors of {m} cells need bets on {m} cells and {k} thresholds")
        if not self.counts.size:
            self.counts = np.zeros((k, m), np.int64)
            self.evidence = np.zeros((k, len(self.bets.weights)))
        self._total = int(self.gaps[0].sum()) if k else 1

    @property
    def value(self) -> Floats:
        """(K,) evidence of each detector, the alternatives together."""
        return self.evidence @ self.bets.weights

    def update(self, cells: Ints) -> list[tuple[int, int]]:
        """Read rows' cells ``(t, K)``; alarms as (row among all rows read, detector), in order."""
        alarms: list[tuple[int, int]] = []
        for start in range(0, len(cells), STRETCH):
            alarms += self._read(cells[start : start + STRETCH])
        return alarms

    def _read(self, cells: Ints) -> list[tuple[int, int]]:
        k, t = np.arange(len(self.gaps)), len(cells)
        if not len(k):
            self.rows += t
            return []
        e = self._ratios(cells)
        alarms = self._advance(e)
        for column in k:
            self.counts[column] += np.bincount(cells[:, column], minlength=self.counts.shape[1])
        first, self.rows = self.rows, self.rows + t
        return sorted((first + row, int(column)) for row, column in alarms)

    def _ratios(self, cells: Ints) -> Floats:
        """Likelihood ratios e ``(t, K, B)`` of the rows, each given those before it."""
        e = self.bets.ratios.T[cells]
        sums = (self.gaps + self.counts) @ self.bets.ratios.T  # over cells, before the first row
        for row, total in zip(e, range(self._total + self.rows, self._total + self.rows + len(e))):
            after = sums + row
            np.divide(row, sums, out=row)
            row *= total
            sums = after
        return e

    def _advance(self, e: Floats) -> list[tuple[int, int]]:
        """The evidence after rows with ratios ``(t, K, B)``; alarms as (row, detector)."""
        prior, alarms = self._prior(len(e)), []
        path = _path(self.evidence, e, prior)
        over = path @ self.bets.weights >= self.thresholds
        self.evidence = path[-1].copy()
        for k in np.flatnonzero(over.any(0)):
            row = int(np.argmax(over[:, k]))
            while row >= 0:
                alarms.append((row, int(k)))
                self.evidence[k] = 0.0
                again = _path(self.evidence[k], e[row + 1 :, k], prior[row + 1 :])
                if len(again):
                    self.evidence[k] = again[-1]
                later = again @ self.bets.weights >= self.thresholds[k]
                row = row + 1 + int(np.argmax(later)) if later.any() else -1
        return alarms

    def _prior(self, rows: int) -> Floats:
        if not self.ever:
            return np.ones(rows)
        t = self.rows + 1.0 + np.arange(rows)
        return 1 / (t * (t + 1))


def _path(start: Floats, e: Floats, prior: Floats) -> Floats:
    """R after each row, shaped as ``e``, of the recursion R <- (R + p) e."""
    path, r = np.empty_like(e), start
    for out, ratio, p in zip(path, e, prior):
        np.add(r, p, out=out)
        out *= ratio
        r = out
    return path


def thresholds(shares: Floats, *, arl: float | None = None, ever: float | None = None) -> Floats:
    """Thresholds ``(K,)`` of detectors with shares of the budget that sum to one.

    Parameters
    ----------
    shares : (K,) float64
    arl : float
        Rows to the first false alarm, on average, at least.
    ever : float
        Probability that there is ever a false alarm, at most.

    Raises
    ------
    BadInput
        Unless exactly one of the two is given, ``arl`` at least 1, ``ever`` in (0, 1).

    Examples
    --------
    >>> thresholds(np.array([0.5, 0.5]), arl=1000)
    array([4000., 4000.])
    """
    if (arl is None) == (ever is None):
        raise BadInput("give arl (mean number of rows to a false alarm) or ever (probability of one), not both")
    if arl is not None and not arl >= 1:
        raise BadInput(f"arl must be a number of rows, at least 1, got {arl!r}")
    if ever is not None and not 0 < ever < 1:
        raise BadInput(f"ever must be a probability between 0 and 1, got {ever!r}")
    return (2 * arl if arl is not None else 1 / float(ever or 1)) / np.asarray(shares, np.float64)
