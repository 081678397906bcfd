"""Dependence along the order of rows: what neighbours add to the variance of the difference of the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from ecotone.contracts import Floats, Ints
from ecotone.data import thread_map

from ._grouped_sums import Groups, chi2_tail, without_means
from ._row_scores import RowScores

MOST_CELLS = 16_384  # along a file, a power of two so that windows double; longer files have several rows a cell
FEWEST_WINDOWS = 8  # cells over width
SCREEN = 0.005  # of the tests within each table
CONFIRM, CONFIRM_KEYED = 0.05, 0.01  # of those between the tables; where a column visibly orders the files
MANY_IN_CELL = 16  # rows, whose squares' own squares no longer matter beside the square of their sum
SINGLE = 200_000  # pooled rows above which scores are in single precision; what is summed of cells is not
FACTOR = 1.1  # of a variance, below which dependence does no harm


@dataclass(frozen=True)
class Serial:
    """The strongest sign of dependence along an order.

    Parameters
    ----------
    column : str
    rows : int
        How far it reaches: rows of the smaller table in the window where it is clearest.
    factor : float
        Of the variance of the difference of means, from that width on.
    pvalue : float
        Of the test within the tables, times the number of scores and widths.
    detected : bool
    """

    column: str
    rows: int
    factor: float
    pvalue: float
    detected: bool


@dataclass(frozen=True)
class Axis:
    """Rows of both tables on one axis, cut into cells at equal relative places."""

    cells: tuple[Groups, Groups]
    size: int

    @classmethod
    def of(cls, n: tuple[int, int], place: tuple[Floats, Floats] | None = None) -> Axis:
        """Cells by the rows' places in [0, 1); by default their relative place in the file."""
        size = min(*n, MOST_CELLS)
        if place is None:
            number = [np.arange(m, dtype=np.int64) * size // m for m in n]
        else:
            number = [np.minimum((p * size).astype(np.int64), size - 1) for p in place]
        return cls((Groups.of(number[0], size), Groups.of(number[1], size)), size)

    @property
    def widths(self) -> Ints:
        """2, 4, 8 … cells, as long as enough windows remain."""
        most = self.size // FEWEST_WINDOWS
        return 2 ** np.arange(1, max(most, 1).bit_length(), dtype=np.int64)


def serial(scores: RowScores, axis: Axis, *, keyed: bool = False, centre: Groups | None = None) -> Serial | None:
    r"""Test for dependence along an axis, in two stages.

    Cells hold the sums A of weighted scores, q of their squares. For windows of m cells,

    .. math:: V_m = \sum_i (A_i^2 - q_i) + 2 \sum_{0<k<m} (1 - k/m) \sum_i A_i A_{i+k}

    is what pairs of rows in one window add to the variance. First within each table, over all scores and widths; what
    is found there counts only if it also holds for A of both tables together, whose signs differ: two files in one
    order share their ups and downs, which leave the difference of the tables alone.

    Parameters
    ----------
    scores : RowScores
    axis : Axis
    keyed : bool
        Whether a column visibly orders the files: then the second stage is stricter.
    centre : Groups, optional
        Of the pooled rows: their means are taken out of the scores; scores without variance afterwards say nothing.

    Returns
    -------
    Serial or None
        None where the tables are too small.
    """
    widths = axis.widths
    if not len(widths) or not len(scores):
        return None
    parts = list(scores.slices())
    values = sum(scores.n) * len(scores)
    tests = len(scores) * len(widths)
    found = thread_map(lambda part: _screened(scores, part, axis, centre, SCREEN / tests), parts, values=values)
    screened = np.concatenate([f.pvalue for f in found])
    hits = [h for f in found for h in f.hits]
    best = int(screened.argmin())
    bar = (CONFIRM_KEYED if keyed else CONFIRM) / max(len(hits), 1)
    sure = [h for h in hits if h.pvalue <= bar and h.factor >= FACTOR]
    if sure:
        first = max(sure, key=lambda h: h.factor)
        return _told(scores, axis, first.score, first.width, first.factor, screened[first.score] * tests, True)
    width = np.concatenate([f.width for f in found])[best]
    factor = next((h.factor for h in hits if h.score == best), 1.0)
    return _told(scores, axis, best, int(width), factor, float(screened[best]) * tests, False)


def _told(
    scores: RowScores, axis: Axis, score: int, width: int, factor: float, pvalue: float, detected: bool
) -> Serial:
    rows = round(width * min(scores.n) / axis.size)
    return Serial(scores.plan[score].name, rows, float(factor), min(float(pvalue), 1.0), detected)


@dataclass(frozen=True)
class _Hit:
    score: int
    width: int
    pvalue: float
    factor: float


@dataclass(frozen=True)
class _Screened:
    pvalue: Floats
    width: Ints
    hits: tuple[_Hit, ...]


def _screened(scores: RowScores, part: slice, axis: Axis, centre: Groups | None, bar: float) -> _Screened:
    """Both stages for some scores."""
    x = scores.matrix(part, single=sum(scores.n) > SINGLE)
    total = np.zeros(len(x))
    if centre is not None:
        total = np.sum([(x[:, h] ** 2).sum(1) / m**2 for h, m in zip(_halves(scores.n), scores.n)], axis=0)
        x = without_means(x, centre)
    sums = [_cell_sums(x[:, h], g, s / m) for h, m, s, g in zip(_halves(scores.n), scores.n, (1, -1), axis.cells)]
    if centre is None:
        total = sums[0][1].sum(1) + sums[1][1].sum(1)
    widths = axis.widths
    value, half = _windows([s[0] for s in sums], [s[1] for s in sums], [s[2] for s in sums], widths)
    p = chi2_tail(value, half, 2 * axis.size / widths)
    best = p.argmin(1)
    least = p[np.arange(len(p)), best]
    hits = []
    for k in np.flatnonzero(least <= bar):
        a, q, q4 = (sums[0][i][k : k + 1] + sums[1][i][k : k + 1] for i in range(3))
        both, spread = _windows([a], [q], [q4], widths)
        pvalue = chi2_tail(both, spread, axis.size / widths)[0, best[k]]
        factor = float(np.median(1 + both[0, best[k] :] / max(total[k], 1e-300)))
        hits.append(_Hit(part.start + int(k), int(widths[best[k]]), float(pvalue), factor))
    return _Screened(least, widths[best], tuple(hits))


def _halves(n: tuple[int, int]) -> tuple[slice, slice]:
    return slice(None, n[0]), slice(n[0], None)


def _cell_sums(x: Floats, cells: Groups, weight: float) -> tuple[Floats, Floats, Floats]:
    """Sums of weighted scores over cells, of their squares, and of their fourth powers (0 where a cell has many)."""
    square = x**2
    a, q = (cells.sums(part).astype(np.float64) for part in (x, square))
    many = x.shape[1] >= MANY_IN_CELL * cells.size
    q4 = np.zeros_like(q) if many else cells.sums(square**2)
    return a * weight, q * weight**2, q4 * weight**4


def _windows(a: list[Floats], q: list[Floats], q4: list[Floats], widths: Ints) -> tuple[Floats, Floats]:
    """(s, widths) V_m and half its variance, summed over the tables given."""
    size, most = a[0].shape[1], int(widths[-1])
    length = fft.next_fast_len(size + most, real=True)
    near = _products(a, length)[:, :most]
    spread = _products(q, length)[:, :most]
    own = sum((u**2 - v for u, v in zip(q, q4)), np.zeros_like(q[0])).sum(1)
    less = sum((v.sum(1) for v in q), np.zeros(len(q[0])))
    value, half = np.empty((len(near), len(widths))), np.empty((len(near), len(widths)))
    for j, m in enumerate(widths):
        taper = 1 - np.arange(1, m) / m
        value[:, j] = near[:, 0] - less + 2 * near[:, 1:m] @ taper
        half[:, j] = np.maximum(own, 0) + 2 * spread[:, 1:m] @ taper**2
    return value, half


def _products(x: list[Floats], length: int) -> Floats:
    """(s, length) sums over i of x_i x_{i+k} at each lag k, over the tables given."""
    power = np.sum([np.abs(fft.rfft(part, length, axis=1)) ** 2 for part in x], axis=0)
    return np.asarray(fft.irfft(power, length, axis=1))
