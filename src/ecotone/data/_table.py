"""Typed, aligned tables: what every part of a check reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ecotone.contracts import Bools, Floats, Ints

from ._strata import Strata

Kind = Literal["numeric", "count", "ordinal", "category", "boolean", "datetime", "text", "id", "constant"]

#: Kinds whose ``values`` are numbers with an order.
ORDERED: frozenset[str] = frozenset({"numeric", "count", "ordinal"})
#: Kinds whose ``values`` are codes into ``levels``.
CODED: frozenset[str] = frozenset({"category", "boolean"})
#: Kinds with named values: ``values`` are codes into ``levels``, whether these have an order or not.
NAMED: frozenset[str] = CODED | {"ordinal"}


FARTHEST = 8e307  # the sum of two such values is a double


def bounded(values: Floats) -> Floats:
    """Values with infinite ones (and those near the end of float64) at a distance with which one can reckon."""
    return np.clip(values, -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class AllLevels:
    """The levels of a category before the rare ones were merged into ``"(other)"``.

    Parameters
    ----------
    codes : (n,) int64
        Positions in ``names``, -1 where missing.
    names : tuple of str
        By falling count over both tables, equal counts by name.
    """

    codes: Ints
    names: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One column of one table.

    Parameters
    ----------
    name : str
    kind : Kind
        The same in both tables of a :class:`Pair`.
    values : (n,) float64
        Ordered kinds: the numbers, NaN where missing; they may be infinite. Date-times: seconds since 1970.
        Named kinds: the position in ``levels`` as a float, NaN where missing. ``id``: an integer code, equal
        for equal values and shared by both tables, NaN where missing.
    levels : tuple of str
        Of named kinds, shared by both tables. Ordinal: from low to high. Category: by falling count over both
        tables, equal counts by name, and ``"(other)"`` last. Boolean: ``("false", "true")`` or ``("0", "1")``.
    derived_from : str or None
        The column that this feature was computed from (a text's length, a column's being missing).
    every : AllLevels or None
        Of a category with more levels than it keeps.
    """

    name: str
    kind: Kind
    values: Floats
    levels: tuple[str, ...] = ()
    derived_from: str | None = None
    every: AllLevels | None = None

    @property
    def missing(self) -> Bools:
        """(n,) True where the value is missing."""
        return np.isnan(self.values)

    @property
    def codes(self) -> Ints:
        """(n,) codes into ``levels``, -1 where missing (coded kinds and ids)."""
        return np.where(self.missing, -1.0, self.values).astype(np.int64)

    def take(self, rows: Ints | Bools | slice) -> Column:
        """The same column at some rows."""
        every = None if self.every is None else replace(self.every, codes=self.every.codes[rows])
        return replace(self, values=self.values[rows], every=every)


@dataclass(frozen=True)
class Part:
    """A stretch of rows and the file (or frame) that it came from."""

    name: str
    rows: int


@dataclass(frozen=True)
class Table:
    """Columns of equal length, with where the rows came from.

    Parameters
    ----------
    columns : mapping of str to Column
    n : int
        Number of rows.
    parts : tuple of Part
        Sources in stated order, before any row was left out.
    rows : (n,) int64
        Position of each row in the sources read one after another (0-based).
    """

    columns: Mapping[str, Column]
    n: int
    parts: tuple[Part, ...] = ()
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns.values())

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def take(self, rows: Ints | Bools) -> Table:
        """The table at some rows."""
        kept = {c.name: c.take(rows) for c in self}
        where = self.rows[rows]
        return replace(self, columns=kept, n=len(where), rows=where)

    def select(self, names: tuple[str, ...] | list[str]) -> Table:
        """The table with some of its columns, in the order asked for."""
        return replace(self, columns={n: self.columns[n] for n in names})

    def where(self, row: int) -> tuple[str, int]:
        """Source and 0-based row in it of the ``row``-th row here."""
        at = int(self.rows[row])
        for part in self.parts:
            if at < part.rows:
                return part.name, at
            at -= part.rows
        raise IndexError(f"row {row} lies beyond the {len(self.parts)} sources")


@dataclass(frozen=True)
class Untested:
    """A column that no test reads, with the reason."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Pair:
    """Two tables with the same columns, kinds and levels, ready to compare.

    Parameters
    ----------
    reference, current : Table
        Feature columns only: those that take part in the verdict.
    roles : mapping of str to (Column or None, Column or None)
        Columns asked for by role (``target``, ``prediction``, ``entity``, ``time``, ``groups``, and
        ``probability:<name>``), reference's and current's; None where the table lacks it.
    untested : tuple of Untested
    units : ((n_ref,) int64, (n_cur,) int64) or None
        Rows with equal numbers belong to one unit (an entity, a block in time, copies of one row); a unit lies
        in one table. None: every row is a unit of its own.
    notes : tuple of str
        What was left out or found on the way, in sentences for the report.
    duplicates : mapping
        Rows that equal others: ``reference`` and ``current``, copies left out; ``overlap``, rows of current that are
        also in the reference (kept); ``kept``, rows of each table that repeat by nature; ``times``, how often each
        whole table is repeated in itself; ``commonest``, how often its commonest row was kept; ``pvalue`` of rows
        that repeat by nature falling on the two tables as they do, None where there was nothing to judge.
    stand_in : (rows of current as read,) int64 or None
        For each current row as it was read the position, among the reference's rows and then current's, of a row
        that equals it in the columns of both tables: its own unless it was left out; -1 where that row was not drawn
        within its stratum. None: no row was left out.
    aside : mapping of str to (Column, Column)
        Identifiers, date-times and sentences, reference's and current's: no features, but they tell units and order.
    calibration : (n_ref,) bool or None
        Reference rows that were set apart for calibration when they were profiled; None: not decided.
    strata : Strata or None
        What rows were matched on; None: rows are compared as they are.
    embeddings : mapping of str to tuple of str
        Columns that are one embedding, by its name: they are compared as one.
    """

    reference: Table
    current: Table
    roles: Mapping[str, tuple[Column | None, Column | None]] = field(default_factory=dict)
    untested: tuple[Untested, ...] = ()
    units: tuple[Ints, Ints] | None = None
    notes: tuple[str, ...] = ()
    duplicates: Mapping[str, Any] = field(default_factory=dict)
    stand_in: Ints | None = None
    aside: Mapping[str, tuple[Column, Column]] = field(default_factory=dict)
    calibration: Bools | None = None
    strata: Strata | None = None
    embeddings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def by_themselves(self) -> Pair:
        """The same without the columns of embeddings."""
        if not self.embeddings:
            return self
        inside = {name for columns in self.embeddings.values() for name in columns}
        rest = tuple(name for name in self.names if name not in inside)
        return replace(self, reference=self.reference.select(rest), current=self.current.select(rest), embeddings={})

    @property
    def names(self) -> tuple[str, ...]:
        return self.reference.names

    @property
    def n(self) -> tuple[int, int]:
        return self.reference.n, self.current.n


_TREE_LEVELS = 60  # below the 63 bins that trees here use: a histogram has a bin for each level


def tree_matrix(table: Table) -> tuple[Floats, Bools]:
    """Values as trees read them, with a mask of the columns to treat as categories.

    Ordered, boolean and category columns only (others are skipped); NaN where missing. Categories of more than
    60 levels keep the commonest 60 (levels come in that order) and share one code for the rest, as histogram
    gradient boosting needs.

    Returns
    -------
    (n, k) float64, (k,) bool
    """
    used = [c for c in table if c.kind in ORDERED | CODED]
    values = [np.minimum(c.values, _TREE_LEVELS) if c.kind in CODED else bounded(c.values) for c in used]
    matrix = np.column_stack(values) if values else np.empty((table.n, 0))
    return matrix, np.array([c.kind in CODED for c in used], dtype=bool)
