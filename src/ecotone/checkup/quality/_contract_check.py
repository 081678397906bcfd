"""Where a table breaks a contract: plain facts, no test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ecotone.checkup.as_json import Keys

from ._contract import Contract, Rules, bound
from ._summary import ColumnSummary, iso
from ._words import apart, level, number, rows, share

_NAMED = 3
_SLACK = 0.85  # of the number of distinct values that a sketch estimates: fewer are surely not all


@dataclass(frozen=True)
class Violation:
    """A rule that a column breaks; ``bare`` is the sentence without any value of a row."""

    column: str
    rule: str
    sentence: str
    bare: str


@dataclass(frozen=True)
class Unchecked:
    """A rule that could not be looked at, with the reason."""

    column: str
    rule: str
    reason: str


@dataclass(frozen=True)
class Kept:
    """How a table keeps a contract.

    Parameters
    ----------
    violations : tuple of Violation
        In the contract's order of columns.
    unchecked : tuple of Unchecked
    columns : int
        Columns that the contract names.
    """

    violations: tuple[Violation, ...]
    unchecked: tuple[Unchecked, ...]
    columns: int

    JSON: ClassVar[Keys] = ("violated", "columns", "violations", "unchecked")

    @property
    def violated(self) -> bool:
        """Whether any rule is broken."""
        return bool(self.violations)


def keeps(contract: Contract, table: Mapping[str, ColumnSummary]) -> Kept:
    """Hold a table's facts against a contract."""
    found: list[Violation | Unchecked] = []
    for name, rules in contract.columns.items():
        column = table.get(name)
        if column is None:
            found.append(_broken(name, "column", "the contract's column is not in the table"))
        else:
            found += _column(column, rules)
    if not contract.others:
        found += [
            _broken(name, "others", "not in the contract, which allows no other column")
            for name in table
            if name not in contract.columns
        ]
    return Kept(
        tuple(f for f in found if isinstance(f, Violation)),
        tuple(f for f in found if isinstance(f, Unchecked)),
        len(contract.columns),
    )


def _broken(name: str, rule: str, sentence: str, bare: str = "") -> Violation:
    return Violation(name, rule, sentence, bare or sentence)


def _column(c: ColumnSummary, rules: Rules) -> Iterator[Violation | Unchecked]:
    if rules.missing is not None and c.missing > rules.missing * c.rows:
        told = f"{share(c.missing / c.rows)} missing ({rows(c.missing)}), at most {share(rules.missing)} allowed"
        yield _broken(c.name, "missing", told)
    if not c.present:
        return
    if rules.type is not None and c.family != rules.type:
        yield _broken(c.name, "type", f"{c.family}, {rules.type} wanted")
        return
    yield from _range(c, rules)
    if rules.whole and c.family == "number" and not c.whole:
        yield _broken(c.name, "whole", "fractions, whole numbers wanted")
    if rules.levels is not None:
        yield from _levels(c, rules.levels)
    if rules.unique:
        yield from _unique(c)


def _range(c: ColumnSummary, rules: Rules) -> Iterator[Violation | Unchecked]:
    for rule, end in (("min", rules.min), ("max", rules.max)):
        limit = bound(end)
        if limit is None:
            continue
        if not c.ordered:
            yield Unchecked(c.name, rule, f"{c.family} has no order")
            continue
        if rule == "min":
            found, out = c.low, c.distribution.below(float(limit))
        else:
            found, out = c.high, c.distribution.above(float(limit))
        infinite = c.infinite and not math.isinf(limit)
        if found is not None and (found < limit if rule == "min" else found > limit):
            shown = (iso(found), iso(limit)) if c.family == "time" else apart(found, limit)
            many = "" if c.distribution.sketched else f" ({rows(max(round(out), 1))})"
            yield _broken(c.name, rule, f"{rule} {shown[0]}, {shown[1]} allowed{many}", f"beyond the {rule}{many}")
        elif infinite and rule == "max":
            yield _broken(c.name, rule, f"{rows(c.infinite)} infinite, {number(limit)} allowed", "infinite values")


def _levels(c: ColumnSummary, allowed: tuple[str, ...]) -> Iterator[Violation | Unchecked]:
    if c.levels is None:
        yield Unchecked(c.name, "levels", "too many values to be counted one by one")
        return
    fine = set(allowed)
    other = {k: count for k, count in c.levels.items() if k not in fine}
    if other:
        first = sorted(other, key=lambda k: (-other[k], k))
        more = f" and {len(first) - _NAMED:,} more" if len(first) > _NAMED else ""
        held = rows(sum(other.values()))
        bare = f"{len(other):,} value{'s' if len(other) > 1 else ''} that the contract does not list ({held})"
        yield _broken(
            c.name, "levels", f"not in the contract: {', '.join(map(level, first[:_NAMED]))}{more} ({held})", bare
        )


def _unique(c: ColumnSummary) -> Iterator[Violation | Unchecked]:
    if c.distinct is None:
        yield Unchecked(c.name, "unique", f"{c.family} values are only counted")
    elif not c.estimated:
        again = c.present - max(c.infinite - 1, 0) - c.distinct
        if again > 0:
            yield _broken(c.name, "unique", f"{rows(again)} repeat a value, none may")
    elif c.distinct < _SLACK * c.present:
        yield _broken(c.name, "unique", f"about {c.present - c.distinct:,} rows repeat a value, none may")
    else:
        yield Unchecked(c.name, "unique", "a profile only estimates how many values are distinct; give rows")
