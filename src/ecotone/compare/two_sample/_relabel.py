"""Two samples as one pool of rows, and the relabellings that leave its distribution unchanged under the null."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Bools, Floats, Ints, as_matrix, check_same_columns

from ._permutation_pvalues import as_draws

_CELLS = 4_000_000  # labels held at once


@dataclass(frozen=True)
class Pool:
    """Rows of both samples; ``first`` marks those of x, ``unit`` numbers the rows that stay together.

    A unit with rows in one sample is relabelled as a whole; one with rows in both has them swapped or not. Both leave
    the joint distribution unchanged if units are exchangeable.
    """

    rows: Floats
    first: Bools
    unit: Ints

    @property
    def sizes(self) -> tuple[int, int]:
        return int(self.first.sum()), int((~self.first).sum())

    def take(self, chosen: Any) -> Pool:
        """The pool of some units, by number."""
        keep = np.isin(self.unit, chosen)
        _, unit = np.unique(self.unit[keep], return_inverse=True)
        return Pool(self.rows[keep], self.first[keep], unit.astype(np.int64))

    def groups(self) -> tuple[Ints, Ints, Ints]:
        """Numbers of the units that lie in x only, in y only, and in both."""
        count = int(self.unit.max()) + 1
        in_x = np.bincount(self.unit[self.first], minlength=count) > 0
        in_y = np.bincount(self.unit[~self.first], minlength=count) > 0
        return np.flatnonzero(in_x & ~in_y), np.flatnonzero(in_y & ~in_x), np.flatnonzero(in_x & in_y)

    def thinned(self, max_rows: int | None, rng: np.random.Generator) -> Pool:
        """At most about ``max_rows`` rows of each sample, whole units at random.

        How many units are kept depends on their mean size in the pool only, never on the sample, so that labels stay
        exchangeable.
        """
        if max_rows is None or max(self.sizes) <= max_rows:
            return self
        groups = self.groups()
        units = sum(group.size for group in groups)
        share = max(2, int(max_rows * units / self.unit.size))
        return self.take(np.concatenate([rng.permutation(group)[:share] for group in groups]))

    def has_few(self, count: int) -> bool:
        """Whether there are at most ``count`` labellings besides the observed one."""
        only_x, only_y, both = self.groups()
        if both.size > 60:
            return False
        total, n = 2**both.size, only_x.size + only_y.size
        for i in range(min(only_x.size, only_y.size)):  # a binomial coefficient grows at every step up to the middle
            total = total * (n - i) // (i + 1)
            if total > count + 1:
                return False
        return bool(total <= count + 1)

    def relabellings(self, count: int, rng: np.random.Generator) -> Iterator[Bools]:
        """Blocks (b, N) of ``first`` under ``count`` random relabellings in all; under every other one if few."""
        only_x, only_y, both = self.groups()
        units = int(self.unit.max()) + 1
        single = np.concatenate([only_x, only_y])
        base = np.arange(single.size) < only_x.size
        block = max(1, _CELLS // self.unit.size)
        few = self.has_few(count)
        drawn = _every(base, both.size, block) if few else _random(base, both.size, block, count, rng)
        for dealt, swapped in drawn:
            label = np.zeros((len(dealt), units), dtype=np.bool_)
            label[:, single] = dealt
            label = label[:, self.unit]
            if both.size:
                swap = np.zeros((len(dealt), units), dtype=np.bool_)
                swap[:, both] = swapped
                label = np.where(np.isin(self.unit, both), swap[:, self.unit] ^ self.first, label)
            yield label

    def drawn(self, statistic: Callable[[Bools], Floats], permutations: int, rng: np.random.Generator) -> Floats:
        """(1 + B, ...) values of a statistic of labels (b, N) -> (b, ...): the observed one, and under relabellings."""
        labels = itertools.chain((self.first[None],), self.relabellings(permutations, rng))
        return np.concatenate([statistic(label) for label in labels])


def _random(base: Bools, swaps: int, block: int, count: int, rng: np.random.Generator) -> Iterator[tuple[Bools, Bools]]:
    """Labels of the units in one sample, and which of the units in both are swapped, at random."""
    for start in range(0, count, block):
        b = min(block, count - start)
        dealt = rng.permuted(np.broadcast_to(base, (b, base.size)), axis=1)
        yield dealt, rng.integers(0, 2, (b, swaps)).astype(np.bool_)


def _every(base: Bools, swaps: int, block: int) -> Iterator[tuple[Bools, Bools]]:
    """All of them but the observed one, which both enumerations begin with."""
    pairs = itertools.product(
        itertools.product((False, True), repeat=swaps), itertools.combinations(range(base.size), int(base.sum()))
    )
    next(pairs)
    while some := list(itertools.islice(pairs, block)):
        dealt = np.zeros((len(some), base.size), dtype=np.bool_)
        for row, (_, chosen) in zip(dealt, some, strict=True):
            row[list(chosen)] = True
        yield dealt, np.array([swap for swap, _ in some], dtype=np.bool_).reshape(len(some), swaps)


def pool(x: Any, y: Any, units: tuple[Any, Any] | None, permutations: int) -> Pool:
    """Check the arguments that every two-sample test shares, and put the rows together."""
    a, b = as_matrix(x, "x"), as_matrix(y, "y")
    check_same_columns(a, b, ("x", "y"))
    as_draws(permutations)
    n = a.shape[0] + b.shape[0]
    unit = np.arange(n)
    if units is not None:
        try:
            labels = [np.asarray(side) for side in units]
            shapes = [side.shape for side in labels]
            if shapes != [(a.shape[0],), (b.shape[0],)]:
                raise ValueError(f"shapes {shapes}")
            _, unit = np.unique(np.concatenate(labels), return_inverse=True)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"units must be a pair of label vectors, one label for each row of x and of y: {error}"
            ) from None
    made = Pool(np.concatenate([a, b]), np.arange(n) < a.shape[0], unit.astype(np.int64))
    if min(made.sizes) < 2:
        raise BadInput(f"x and y need at least two rows each, got {made.sizes[0]} and {made.sizes[1]}")
    return made


def standardised(rows: Floats) -> Floats:
    """Columns less their pooled mean, over their pooled standard deviation: unchanged by any relabelling."""
    scale = np.maximum(np.abs(rows).max(axis=0), 1e-300)  # a column of huge numbers must not overflow
    z = rows / scale
    z = z - z.mean(axis=0)
    spread = z.std(axis=0)
    return np.asarray(z / np.where(spread > 1e-12, spread, np.inf), dtype=np.float64)


def within_and_between(kernel: Floats, label: Bools) -> tuple[Floats, Floats, Floats]:
    """Mean of a symmetric kernel within x, within y, and between, for each row of labels (b, N)."""
    first = label.astype(np.float64)
    n = first.sum(axis=1)
    m = first.shape[1] - n
    sums = kernel.sum(axis=1)
    inner = np.einsum("bi,bi->b", first @ kernel, first)
    cross = first @ sums - inner
    other = sums.sum() - inner - 2 * cross
    return inner / n**2, other / m**2, cross / (n * m)
