"""Mixed columns into numbers that are close to standard normal, for scores that need a density."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from ecotone.contracts import Bools, Floats, Ints
from ecotone.data._table import CODED, ORDERED, Column, Table

_KNOTS = 257
_CELLS = 16384  # of the even grid that replaces a binary search where it is exact enough
_TAIL = 3  # order statistics at either end that are left to the straight line
_BEND = 8.0  # normal units from which growth is logarithmic


_FAR = 1e150  # where infinite values stand


@dataclass(frozen=True)
class _Ordered:
    """Normal scores by interpolation, straight lines outside."""

    knots: Floats
    scores: Floats
    slopes: tuple[float, float]
    seen: tuple[float, float]  # smallest and largest value
    beyond: float  # least score of a value never reached
    absent: float  # score of a missing value
    exponent: int = 0  # values are divided by this power of two
    table: Floats | None = None  # scores on an even grid between the outermost knots

    def __call__(self, values: Floats) -> Floats:
        values = _reckonable(values, self.exponent)
        z = self._inside(values)
        for sign, end, slope, limit in zip((-1.0, 1.0), (0, -1), self.slopes, self.seen):
            out = np.flatnonzero(sign * values > sign * self.knots[end])
            line = self.scores[end] + slope * (values[out] - self.knots[end])
            past = sign * values[out] > sign * limit
            line[past] = sign * np.maximum(sign * line[past], self.beyond)
            z[out] = _bend(line)
        z[np.isnan(values)] = self.absent
        return z

    def _inside(self, values: Floats) -> Floats:
        if self.table is None:
            return self._interpolated(values)
        low, high = self.knots[0], self.knots[-1]
        at = np.nan_to_num(np.clip((values - low) * (_CELLS / (high - low)), 0, _CELLS))
        cell = np.minimum(at.astype(np.int32), _CELLS - 1)
        at -= cell
        return np.asarray(self.table[cell] * (1 - at) + self.table[cell + 1] * at)

    def _interpolated(self, values: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.asarray(np.interp(values, self.knots, self.scores))
        steep = np.flatnonzero(~np.isfinite(found) & np.isfinite(values))  # knots so near that their slope is infinite
        found[steep] = self.scores[np.minimum(np.searchsorted(self.knots, values[steep]), len(self.knots) - 1)]
        return found

    def tabulated(self) -> _Ordered:
        """The same map by table look-up, or itself where that would move a score by 1/20."""
        low, high = self.knots[0], self.knots[-1]
        width = (high - low) / _CELLS
        if not (np.isfinite(width) and width > 0 and np.isfinite(1 / width)):
            return self
        quick = replace(self, table=np.interp(np.linspace(low, high, _CELLS + 1), self.knots, self.scores))
        off = np.abs(quick._inside(self.knots) - self.scores).max()
        return quick if off < 0.05 else self


@dataclass(frozen=True)
class _Coded:
    """A score by code; the last one serves codes that the reference never had, the one before missing values."""

    scores: Floats

    def __call__(self, codes: Ints) -> Floats:
        known = len(self.scores) - 2
        at = np.where(codes < 0, known, np.minimum(codes, known + 1))
        at = np.where((codes >= known), known + 1, at)
        return self.scores[at]


class Gaussianiser:
    r"""Normal scores of every column under the reference's distribution.

    Ordered columns: :math:`z = \Phi^{-1}(F(v))` with the mid-distribution function of the fitted rows, continued
    by straight lines beyond the third-outermost value (slope over the last normal unit, so in the tail's own
    units) and by a logarithm beyond 8: a value a thousand times too large stays extreme without bound. Coded
    columns: the levels are ordered by falling frequency and get the normal score of that order, so that rare
    is large; a level never seen gets :math:`\sqrt{2 \log(1 / p)}` with Good and Turing's estimate of the unseen
    mass. A missing value scores 0 and has an indicator of its own where the reference has missing values, and
    scores as an unseen level where it has none. Ids, constants, dates and texts are skipped.

    Attributes
    ----------
    outputs_ : tuple of str
        Column that each output belongs to.

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Table
    >>> values = np.linspace(0.0, 1.0, 101)
    >>> table = Table({"x": Column("x", "numeric", values)}, 101, rows=np.arange(101))
    >>> z = Gaussianiser().fit(table).transform(table)
    >>> z.shape, round(float(z[50, 0]), 6)
    ((101, 1), 0.0)
    """

    def fit(self, table: Table) -> Gaussianiser:
        """Learn the distribution functions of a table's rows."""
        self._maps: list[tuple[str, _Ordered | _Coded, bool]] = []
        for column in table:
            missing = column.missing
            if column.kind in ORDERED:
                value = _ordered(column.values[~missing], missing)
                if value is None:
                    continue
                self._maps.append((column.name, value, False))
                if missing.any():
                    self._maps.append((column.name, _coded(missing.astype(np.int64), 2), True))
            elif column.kind in CODED and column.levels:
                self._maps.append((column.name, _coded(column.codes, len(column.levels)), False))
        self.outputs_ = tuple(name for name, _, _ in self._maps)
        return self

    def transform(self, table: Table) -> Floats:
        """Scores ``(n, k)``, finite."""
        z = np.empty((table.n, len(self._maps)), order="F")
        for j, (name, score, indicator) in enumerate(self._maps):
            column: Column = table[name]
            if isinstance(score, _Ordered):
                z[:, j] = score(column.values)
            else:
                z[:, j] = score(column.missing.astype(np.int64) if indicator else column.codes)
        return z


def _reckonable(values: Floats, exponent: int) -> Floats:
    """Values of which differences and ratios are doubles: infinite ones at a great distance."""
    scaled = np.ldexp(values, -exponent) if exponent else values
    return np.clip(scaled, -_FAR, _FAR)


def _exponent(values: Floats) -> int:
    """Power of two of values so large or small that their differences or ratios would be none; nought otherwise."""
    finite = values[np.isfinite(values)]
    found = int(np.frexp(np.abs(finite).max(initial=0.0))[1])
    return found if abs(found) > 300 else 0


def _bend(z: Floats) -> Floats:
    excess = np.maximum(np.abs(z) - _BEND, 0)
    return np.asarray(np.sign(z) * (np.minimum(np.abs(z), _BEND) + np.log1p(np.minimum(excess, 1e300))))


def _surprise(mass: float) -> float:
    """The normal score whose log density lies as far below the mode as the event's log probability below 0."""
    return float(np.sqrt(2 * np.log(1 / min(mass, 0.5))))


def _ordered(values: Floats, missing: Bools) -> _Ordered | None:
    exponent = _exponent(values)
    unique, counts = np.unique(_reckonable(values, exponent), return_counts=True)
    if len(unique) < 2:
        return None
    n = len(values)
    z = ndtri((np.cumsum(counts) - counts / 2) / n)
    rank = np.cumsum(counts)
    inner = (rank >= _TAIL) & (n - rank + counts >= _TAIL) if len(unique) > 4 * _TAIL else np.ones(len(unique), bool)
    knots, scores = unique[inner], z[inner]
    if len(knots) > _KNOTS:
        at = np.unique(np.searchsorted(scores, ndtri(ndtr(np.linspace(scores[0], scores[-1], _KNOTS)))))
        at = np.unique(np.r_[0, np.clip(at, 0, len(knots) - 1), len(knots) - 1])
        knots, scores = knots[at], scores[at]
    slopes = (_slope(-knots[::-1], -scores[::-1]), _slope(knots, scores))
    absent = 0.0 if missing.any() else _surprise(0.5 / (n + 1))
    seen = (float(unique[0]), float(unique[-1]))
    return _Ordered(knots, scores, slopes, seen, float(-ndtri(0.5 / n)), absent, exponent).tabulated()


def _slope(knots: Floats, scores: Floats) -> float:
    """Normal units per unit of value over the last normal unit before the upper end."""
    back = np.interp(scores[-1] - 1, scores, knots)
    back = min(float(back), float(knots[-2]))
    rise = scores[-1] - np.interp(back, knots, scores)
    return float(max(rise, 1e-3) / (knots[-1] - back))


def _coded(codes: Ints, levels: int) -> _Coded:
    """Scores of ``levels`` codes, then of missing values, then of unseen codes."""
    counts = np.bincount(np.where(codes < 0, levels, np.minimum(codes, levels)), minlength=levels + 1)
    n = counts.sum()
    order = np.argsort(-counts, kind="stable")
    mid = np.cumsum(counts[order]) - counts[order] / 2
    scores = np.empty(levels + 2)
    scores[order] = ndtri(np.clip(mid / n, 0.5 / n, 1 - 0.5 / n))
    unseen = _surprise(max(float((counts == 1).sum()), 0.5) / (n + 1))
    scores[:-1][counts == 0] = unseen
    scores[-1] = unseen
    return _Coded(scores)
