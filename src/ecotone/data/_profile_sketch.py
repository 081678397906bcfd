"""Mergeable summaries of one column: moments, quantiles, distinct values, frequent values.

All are plain numpy and Python numbers, so that reading one from a file needs no deserialiser of foreign code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ecotone.contracts import Floats

from ._profile_hash import GOLDEN, Hashes, mix

QUANTILE_K = 256
DISTINCT_K = 512  # relative standard error 1 / sqrt(k - 2): 4.4 %
LEVELS_K = 256  # a count is low by at most 1 / (k + 1) of the rows: .4 %


@dataclass
class Moments:
    r"""Count, :math:`\sum x` and :math:`\sum x^2`, the sums as exact rationals of each batch's rounded sums.

    Adding rationals is associative and commutative, and with :math:`c` near the batch's mean
    :math:`\sum x^2 = \sum (x-c)^2 + 2c\sum (x-c) + nc^2` loses nothing to cancellation.
    """

    n: int = 0
    s1: Fraction = Fraction(0)
    s2: Fraction = Fraction(0)
    overflow: bool = False

    def update(self, x: Floats, total: float) -> None:
        """Add finite numbers whose rounded sum is ``total``."""
        n = len(x)
        c = total / n
        e = x - c
        d1 = float(e.sum())
        d2 = float(np.multiply(e, e, out=e).sum())  # not BLAS: its threads would get into the workers' way
        self.n += n
        if not (math.isfinite(d1) and math.isfinite(d2)):
            self.overflow = True
            return
        f1, fc = Fraction(d1), Fraction(c)
        self.s1 += f1 + n * fc
        self.s2 += Fraction(d2) + 2 * fc * f1 + n * fc * fc

    def merge(self, other: Moments) -> Moments:
        """Moments of both."""
        return Moments(self.n + other.n, self.s1 + other.s1, self.s2 + other.s2, self.overflow or other.overflow)

    @property
    def mean(self) -> float:
        return math.nan if self.overflow or not self.n else float(self.s1 / self.n)

    @property
    def variance(self) -> float:
        """Sample variance (n - 1)."""
        if self.overflow or self.n < 2:
            return math.nan
        return max(0.0, float((self.s2 - self.s1 * self.s1 / self.n) / (self.n - 1)))


@dataclass
class KLLSketch:
    """A KLL sketch: ``levels[h]`` holds numbers that each stand for 2**h rows.

    A full level is sorted and every other number moves up a level, the odd or the even ones by a hash of the
    count, so that the same data give the same sketch. The first 2**18 numbers enter one by one; after that one of
    each block of 16, chosen at random, enters with weight 16 (the sampler of the KLL paper).

    References
    ----------
    Karnin, Lang and Liberty, "Optimal quantile approximation in streams", FOCS 2016,
    https://arxiv.org/abs/1603.05346
    """

    k: int = QUANTILE_K
    n: int = 0
    levels: list[Floats] = field(default_factory=list)

    def update(self, x: Floats) -> None:
        """Add finite numbers."""
        step = 4 if self.n >= 1 << 18 and len(x) >= 1 << 13 else 0
        whole = len(x) >> step << step
        if step:
            blocks = np.arange(0, whole, 1 << step, dtype=np.uint64)
            pick = mix((blocks + np.uint64(self.n)) * np.uint64(GOLDEN)) >> np.uint64(64 - step)
            self._add(step, x[(blocks + pick).astype(np.int64)])
            self._add(0, x[whole:])
        else:
            self._add(0, x)
        self.n += len(x)
        self._compress()

    def merge(self, other: KLLSketch) -> KLLSketch:
        """The sketch of both; the same whichever comes first."""
        both = KLLSketch(min(self.k, other.k), self.n + other.n)
        for sketch in (self, other):
            for h, level in enumerate(sketch.levels):
                both._add(h, level)
        both.levels = [np.sort(level) for level in both.levels]
        both._compress()
        return both

    def _add(self, h: int, x: Floats) -> None:
        while len(self.levels) <= h:
            self.levels.append(np.empty(0))
        if len(x):
            self.levels[h] = np.concatenate([self.levels[h], x])

    def _room(self, h: int) -> int:
        return max(8, math.ceil(self.k * (2 / 3) ** (len(self.levels) - 1 - h)))

    def _compress(self) -> None:
        h = 0
        while h < len(self.levels):
            level = self.levels[h]
            if len(level) > self._room(h):
                level = np.sort(level)
                even = len(level) // 2 * 2
                coin = int(mix(np.array([(self.n * 64 + h) * GOLDEN & (1 << 64) - 1], np.uint64))[0]) >> 63
                # An odd count leaves one end behind, alternately the largest and the smallest
                first = level[:even] if coin else level[len(level) - even :]
                self.levels[h] = level[even:] if coin else level[: len(level) - even]
                self._add(h + 1, first[coin::2])
                h = -1 if h + 2 == len(self.levels) else h  # a new top level shrinks the room below it
            h += 1

    def weighted(self) -> tuple[Floats, Floats]:
        """Sorted distinct numbers and the number of rows that each stands for."""
        if not self.n:
            return np.empty(0), np.empty(0)
        x = np.concatenate(self.levels)
        w = np.concatenate([np.full(len(level), 2.0**h) for h, level in enumerate(self.levels)])
        values, where = np.unique(x, return_inverse=True)
        return values, np.bincount(where, w, len(values)).astype(np.float64, copy=False)

    def quantile(self, q: Floats) -> Floats:
        """The smallest kept numbers whose share of rows at or below them reaches ``q``."""
        values, weight = self.weighted()
        if not len(values):
            return np.full(np.shape(q), np.nan)
        share = np.cumsum(weight) / weight.sum()
        return values[np.minimum(np.searchsorted(share, np.asarray(q) - 1e-12), len(values) - 1)]

    def cdf(self, x: Floats) -> Floats:
        """Share of rows at or below each number."""
        values, weight = self.weighted()
        share = np.concatenate([[0.0], np.cumsum(weight) / max(weight.sum(), 1.0)])
        return share[np.searchsorted(values, x, side="right")]

    @property
    def error(self) -> float:
        """Largest error of a rank over all numbers, as a share of the rows, in practice (measured, not proved)."""
        return 0.0 if len(self.levels) <= 1 else 3.5 / self.k


@dataclass
class KMVSketch:
    """Number of distinct values by the ``k`` smallest hashes; exact below ``k``, standard error ``1/sqrt(k-2)`` above.

    References
    ----------
    Bar-Yossef et al., "Counting distinct elements in a data stream", RANDOM 2002.
    """

    smallest: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    k: int = DISTINCT_K

    def update(self, hashes: Hashes) -> None:
        """Add values by their hashes."""
        if len(self.smallest) >= self.k:
            hashes = hashes[np.flatnonzero(hashes < self.smallest[-1])]
            if not len(hashes):
                return
        elif len(hashes) > 1 << 14:
            self.update(hashes[: 1 << 12])  # a first threshold spares sorting the rest
            return self.update(hashes[1 << 12 :]) if len(self.smallest) >= self.k else self._keep(hashes)
        self._keep(hashes)

    def _keep(self, hashes: Hashes) -> None:
        self.smallest = np.unique(np.concatenate([self.smallest, hashes]))[: self.k]

    def merge(self, other: KMVSketch) -> KMVSketch:
        """The sketch of both."""
        k = min(self.k, other.k)
        return KMVSketch(np.union1d(self.smallest, other.smallest)[:k], k)

    @property
    def exact(self) -> bool:
        return len(self.smallest) < self.k

    @property
    def count(self) -> float:
        """Distinct values: exact below ``k``, else an unbiased estimate."""
        return float(len(self.smallest)) if self.exact else (self.k - 1) * 2.0**64 / (float(self.smallest[-1]) + 1)


@dataclass
class MisraGries:
    """Counts of text values: exact while there are at most ``k``, then a Misra-Gries summary.

    A count is at most ``error`` too small and never too large; ``error <= rows / (k + 1)``.

    References
    ----------
    Agarwal et al., "Mergeable summaries", PODS 2012, https://doi.org/10.1145/2213556.2213562
    """

    counts: dict[str, int] = field(default_factory=dict)
    error: int = 0
    k: int = LEVELS_K

    def update(self, values: list[str], counts: list[int]) -> None:
        """Add values with how often each occurred."""
        kept = self.counts
        for value, count in zip(values, counts):
            kept[value] = kept.get(value, 0) + count
        self._trim()

    def _trim(self) -> None:
        if len(self.counts) > self.k:
            size = np.fromiter(self.counts.values(), np.int64, len(self.counts))
            cut = int(-np.partition(-size, self.k)[self.k])
            self.counts = {value: count - cut for value, count in self.counts.items() if count > cut}
            self.error += cut

    def merge(self, other: MisraGries) -> MisraGries:
        """The summary of both; the same whichever comes first."""
        both = MisraGries(dict(self.counts), self.error + other.error, min(self.k, other.k))
        both.update(list(other.counts), list(other.counts.values()))
        return both

    def top(self, most: int | None = None) -> list[tuple[str, int]]:
        """Values by falling count, equal counts in the order of their text."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:most]
