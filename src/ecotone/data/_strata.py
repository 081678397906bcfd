"""What rows were matched on, how many have a counterpart, and which have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Bools, Ints

from ._given import Condition, label

_NAMED = 12
SIDES = ("reference", "current")


@dataclass(frozen=True)
class LeftOut:
    """Strata of which no row is compared: ``why`` is ``only`` (one table alone has them) or ``few``."""

    table: str
    why: str
    names: tuple[str, ...]
    rows: int

    def said(self) -> str:
        """One sentence."""
        many = len(self.names) - _NAMED
        named = ", ".join(self.names[:_NAMED]) + (f" and {many:,} more" if many > 0 else "")
        if self.why == "few":
            return f"{named}: too few rows to match, {self.rows:,} rows of {self.table} not compared"
        return f"{named}: in {self.table} only, {self.rows:,} rows not compared"


@dataclass(frozen=True)
class Strata:
    """What was compared at equal values of what.

    Parameters
    ----------
    given : tuple of str
        As asked for.
    count : int
        Strata that are compared.
    ratio : float
        Reference rows (or entities) to one of current, the same in every stratum.
    matched, read : (int, int)
        Rows of reference and of current that are compared, and that could have been.
    left_out : tuple of LeftOut
    cut : tuple of str
        Columns of numbers that were cut into bins.
    entities : bool
        Whether whole entities were drawn.
    """

    given: tuple[str, ...]
    count: int
    ratio: float
    matched: tuple[int, int]
    read: tuple[int, int]
    left_out: tuple[LeftOut, ...] = ()
    cut: tuple[str, ...] = ()
    entities: bool = False

    def said(self) -> tuple[str, ...]:
        """How many rows are compared in how many strata, and what is not."""
        (a, b), (n, m) = self.matched, self.read
        first = (
            f"compared at equal {', '.join(self.given)}, {self.count:,} strata: {a:,} of {n:,} reference rows and "
            f"{b:,} of {m:,} current rows, drawn so that every stratum has the same share of both"
        )
        bins = [f"{name} is cut into bins, within which its values may still differ" for name in self.cut]
        return (first, *(x.said() for x in self.left_out), *bins)


def left_out(found: tuple[Condition, ...], stratum: Ints, rows: Ints, lost: Bools) -> tuple[LeftOut, ...]:
    """Strata of which nothing is compared.

    Parameters
    ----------
    stratum : (N,) int64
    rows : (2, strata) int64
        Of each table.
    lost : (strata,) bool
    """
    first = np.full(rows.shape[1], -1)
    first[stratum[::-1]] = np.arange(len(stratum))[::-1]
    out = []
    for t, table in enumerate(SIDES):
        for why, which in (("only", rows[1 - t] == 0), ("few", rows[1 - t] > 0)):
            at = np.flatnonzero(lost & which & (rows[t] > 0))
            if len(at):
                others = np.flatnonzero((rows[t] > 0) & ~(lost & which))
                names = tuple(_names(found, first[at], first[others]))
                out.append(LeftOut(table, why, names, int(rows[t][at].sum())))
    return tuple(out)


def stratum_names(found: tuple[Condition, ...], rows: Ints) -> tuple[str, ...]:
    """The strata that some rows stand for."""
    return tuple(_names(found, rows, rows))


def _names(found: tuple[Condition, ...], rows: Ints, others: Ints) -> Iterator[str]:
    """Strata by a row of each: by one column's level alone where no other stratum has it."""
    left = np.ones(len(rows), bool)
    for c in found:
        whole = np.setdiff1d(c.codes[rows], c.codes[others])
        for place, code in enumerate(whole):
            yield c.levels[code] if place else label(c, int(code))
        left &= ~np.isin(c.codes[rows], whole)
    for r in rows[left]:
        yield " and ".join(label(c, int(c.codes[r])) for c in found)
