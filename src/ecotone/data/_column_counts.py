"""What a comparison without rows reads: how often each value occurs in either table."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.contracts import Ints

from ._profile_sums import Sums
from ._table import Kind, Untested


@dataclass(frozen=True)
class ColumnCounts:
    """How often each value, level or cell of one column occurs in each table.

    Parameters
    ----------
    name : str
    kind : Kind
    counts : (2, size + 1) int64
        Reference's and current's rows; ordered kinds by rising value, the last is "missing".
    levels : tuple of str
        Of coded kinds, by falling count over both tables.
    scored : bool
        Whether the scores at its cut points may enter products: not where its levels were cut by how common they are
        in one table, for then their shares there are too large by design.
    """

    name: str
    kind: Kind
    counts: Ints
    levels: tuple[str, ...] = ()
    scored: bool = False


@dataclass(frozen=True)
class CountedPair:
    """Two profiles' columns as counts, and their sums of scores on the same cut points."""

    n: tuple[int, int]
    columns: tuple[ColumnCounts, ...]
    sums: tuple[Sums, Sums]
    untested: tuple[Untested, ...] = ()
    notes: tuple[str, ...] = ()
