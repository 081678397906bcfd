"""Both tables encoded once into bounded scores of pooled ranks and levels: what every family reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ecotone.contracts import Bools, Ints, as_seed
from ecotone.data import CODED, ORDERED, Column, Pair, thread_map

from ._many_levels import MANY
from ._repeated_numbers import numbers_as_levels
from ._scored_column import SORTED_UP_TO, Every, encode
from ._scored_column import ScoredColumn as ScoredColumn
from ._shuffles import Batches, FloatArray

PERMUTE_UP_TO = 10_000  # units of both tables together


@dataclass
class Design:
    """What the families share: the encoded columns, the rows' tables and units, and one set of permutations.

    ``encoded`` may hold the columns of an earlier design of the same tables and seed; units do not change them.
    ``columns`` are those that stand for themselves, ``blocks`` the others by the embedding that they belong to.
    """

    pair: Pair
    alpha: float = 0.05
    seed: int = 0
    encoded: tuple[ScoredColumn, ...] | None = None
    columns: tuple[ScoredColumn, ...] = field(init=False)
    blocks: dict[str, tuple[ScoredColumn, ...]] = field(init=False)

    def __post_init__(self) -> None:
        if self.encoded is None:
            self.encoded = self._encode()
        of = {column: name for name, columns in self.pair.embeddings.items() for column in columns}
        self.columns = tuple(c for c in self.encoded if c.name not in of)
        self.blocks = {name: tuple(c for c in self.encoded if of.get(c.name) == name) for name in self.pair.embeddings}

    def _encode(self) -> tuple[ScoredColumn, ...]:
        def one(c: Column) -> ScoredColumn:
            values = np.concatenate([c.values, self.pair.current[c.name].values])
            made = encode(c.name, c.kind, values, self.n[0], c.levels, self.seed)
            if made.ordered:
                return replace(made, every=numbers_as_levels(made, values, self.n[0]))
            return replace(made, every=_every(c, self.pair.current[c.name]))

        used = [c for c in self.pair.reference if c.kind in ORDERED | CODED]
        return tuple(thread_map(one, used, values=sum(self.n) * len(used)))

    @cached_property
    def whole(self) -> Design:
        """The same with every column standing for itself."""
        return Design(replace(self.pair, embeddings={}), self.alpha, self.seed, self.encoded) if self.blocks else self

    @property
    def n(self) -> tuple[int, int]:
        return self.pair.n

    @cached_property
    def is_current(self) -> Bools:
        return np.arange(sum(self.n)) >= self.n[0]

    @cached_property
    def unit(self) -> Ints | None:
        """(n_ref + n_cur,) unit of each row, numbered from 0, reference's units first; None: a row is a unit."""
        if self.pair.units is None:
            return None
        ref = np.unique(self.pair.units[0], return_inverse=True)[1]
        cur = np.unique(self.pair.units[1], return_inverse=True)[1]
        both = np.concatenate([ref, cur + ref.max(initial=-1) + 1])
        return None if both.max(initial=-1) + 1 == len(both) else both

    @cached_property
    def units(self) -> tuple[int, int]:
        """Number of units of each table."""
        if self.unit is None:
            return self.n
        ref = int(self.unit[: self.n[0]].max(initial=-1)) + 1
        return ref, int(self.unit.max(initial=-1)) + 1 - ref

    @cached_property
    def draws(self) -> int:
        """Permutations: enough that the smallest share of alpha can be reached twice over."""
        return min(9999, max(999, math.ceil(2 / (0.05 * self.alpha)) - 1))

    @cached_property
    def permute(self) -> bool:
        return sum(self.units) <= PERMUTE_UP_TO

    @cached_property
    def batches(self) -> Batches:
        """Relabellings of all units, drawn as far as a family asks and shared by the families."""
        return Batches(self.units, self.draws, as_seed(self.seed, 902))

    def grouping(self, rows: Ints) -> tuple[Ints | None, tuple[int, int]]:
        """Units of some rows, renumbered without gaps, and how many of them each table has."""
        if self.unit is None:
            cur = int(self.is_current[rows].sum())
            return None, (len(rows) - cur, cur)
        kept, unit = np.unique(self.unit[rows], return_inverse=True)
        ref = int((kept < self.units[0]).sum())
        return unit, (ref, len(kept) - ref)

    def rows(self, most: int, stream: int) -> Ints:
        """At most ``most`` rows, the tables in proportion, whole units; all of them where that is possible."""
        total = sum(self.n)
        if total <= most:
            return np.arange(total)
        rng = as_seed(self.seed, 903, stream)
        if self.unit is None:
            ref = round(min(self.n[0], max(most * self.n[0] / total, most - self.n[1])))
            cur = min(self.n[1], most - ref)
            return np.concatenate([_some(self.n[0], ref, rng), self.n[0] + _some(self.n[1], cur, rng)])
        keep = rng.random(sum(self.units)) < most / total
        return np.flatnonzero(keep[self.unit])

    def matrix(self, names: frozenset[str], rows: Ints | None = None) -> tuple[FloatArray, Ints, tuple[str, ...]]:
        """Scores ``(rows, s)`` whose ``what`` (up to a colon) is asked for, with their column and name."""
        picked = list(self.picked(names))
        n = sum(self.n) if rows is None else len(rows)
        out = np.empty((sum(len(at) for _, at in picked), n), np.float32)
        start, where, what = 0, [], []
        for j, at in picked:
            c = self.columns[j]
            codes = c.codes if rows is None else c.codes[rows]
            for s in at:
                np.take(c.lut[:, s].astype(np.float32), codes, out=out[start], mode="clip")
                where.append(j)
                what.append(c.what[s])
                start += 1
        return out.T, np.array(where, np.int64), tuple(what)

    def picked(self, names: frozenset[str]) -> Iterator[tuple[int, list[int]]]:
        for j, c in enumerate(self.columns):
            at = [s for s, w in enumerate(c.what) if w.split(":")[0] in names]
            if at:
                yield j, at


def _every(reference: Column, current: Column) -> Every | None:
    """All levels of a category of many."""
    if reference.kind != "category" or len(reference.levels) <= MANY:
        return None
    sides = [c.codes if c.every is None else c.every.codes for c in (reference, current)]
    size = len(reference.levels if reference.every is None else reference.every.names)
    return Every(np.stack([np.bincount(s[s >= 0], minlength=size) for s in sides]), np.concatenate(sides))


def _some(n: int, k: int, rng: np.random.Generator) -> Ints:
    """Positions of k rows of n, in ascending order."""
    if n <= SORTED_UP_TO:
        return np.sort(rng.permutation(n)[:k])
    return np.sort(rng.choice(n, k, replace=False, shuffle=False))
