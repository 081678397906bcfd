"""E-detectors on the cells of ranks: alarms with a stated mean time, or probability, of being false."""

from __future__ import annotations

from collections.abc import Sequence
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
    [(594, 0)]
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

    @property
    def share(self) -> Floats:
        """(K,) evidence as a share of the threshold at which it would alarm."""
        return np.asarray(self.value / self.thresholds)

    def update(self, cells: Ints) -> list[tuple[int, int]]:
        """Read rows' cells ``(t, K)``; alarms as (row among all rows read, detector), in order."""
        return update_together([self], [cells])[0]

    def picked(self, cells: Ints) -> tuple[Floats, Floats]:
        """Each row's bets ``(t, K B)``, as they are and times the gaps and rows before it."""
        bets = self.bets.ratios.T[cells].reshape(len(cells), -1)
        return bets, bets * (self._total + self.rows + np.arange(len(cells)))[:, None]

    @property
    def sums(self) -> Floats:
        """(K B,) bets summed over all gaps and rows so far."""
        return ((self.gaps + self.counts) @ self.bets.ratios.T).ravel()

    def settle(self, cells: Ints, e: Floats, path: Floats) -> list[tuple[int, int]]:
        """Take rows in whose ratios ``e`` and evidence ``path`` ``(t, K B)`` are known; alarms as :meth:`update`."""
        shape, prior = (len(e), *self.evidence.shape), self.prior(len(e))
        self.evidence = path[-1].reshape(shape[1:]).copy()
        over = path.reshape(shape) @ self.bets.weights >= self.thresholds
        alarms = []
        for k in np.flatnonzero(over.any(0)):
            row, own = int(np.argmax(over[:, k])), e.reshape(shape)[:, k]
            while row >= 0:
                alarms.append((self.rows + row, int(k)))
                self.evidence[k] = 0.0
                again = _path(self.evidence[k], own[row + 1 :], prior[row + 1 :])
                if len(again):
                    self.evidence[k] = again[-1]
                later = again @ self.bets.weights >= self.thresholds[k]
                row = row + 1 + int(np.argmax(later)) if later.any() else -1
        k, m = self.counts.shape
        self.counts += np.bincount((cells + m * np.arange(k)).ravel(), minlength=k * m).reshape(k, m)
        self.rows += len(cells)
        return sorted(alarms)

    def prior(self, rows: int) -> Floats:
        """Of a change at each of the next rows ``(rows,)``."""
        if not self.ever:
            return np.ones(rows)
        t = self.rows + 1.0 + np.arange(rows)
        return 1 / (t * (t + 1))


def update_together(detectors: Sequence[EDetectors], cells: Sequence[Ints]) -> list[list[tuple[int, int]]]:
    """:meth:`EDetectors.update` of several that read the same rows, in one pass: most of a row's cost is the call.

    Parameters
    ----------
    detectors : sequence of EDetectors
        With the same number of rows read, and the same prior.
    cells : sequence of (t, K) int64
    """
    ends = np.cumsum([0, *(d.evidence.size for d in detectors)])
    alarms: list[list[tuple[int, int]]] = [[] for _ in detectors]
    for start in range(0, len(cells[0]), STRETCH):
        some = [c[start : start + STRETCH] for c in cells]
        parts = [d.picked(c) for d, c in zip(detectors, some)]
        bets, e = (np.concatenate([p[i] for p in parts], axis=1) for i in (0, 1))
        sums, r = (np.concatenate(x) for x in ([d.sums for d in detectors], [d.evidence.ravel() for d in detectors]))
        path = np.empty_like(e)
        for own, ratio, out, p in zip(bets, e, path, detectors[0].prior(len(e))):
            ratio /= sums
            sums += own
            np.add(r, p, out=out)
            out *= ratio
            r = out
        for found, d, c, low, high in zip(alarms, detectors, some, ends[:-1], ends[1:]):
            found += d.settle(c, e[:, low:high], path[:, low:high])
    return alarms


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
