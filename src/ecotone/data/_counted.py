"""Two profiles made comparable by their counts alone: what a comparison without rows reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from ecotone.contracts import BadInput, Ints

from ._column_counts import ColumnCounts, CountedPair
from ._identifiers import FEWEST_FOR_ID, NEARLY_UNIQUE, named_id
from ._ordinal import scale
from ._profile import Profile
from ._profile_columns import ColumnProfile
from ._profile_cuts import MOST_LEVELS as CUT_LEVELS
from ._profile_sums import Sums
from ._roles import EVERYTHING, Roles, Told
from ._table import Untested

_CELLS = 1000  # steps of float64 that a column must span
_SLACK = 0.1  # of a share of distinct values that a sketch estimates with a standard error of 1/22


@dataclass(frozen=True)
class _One:
    """What one column became."""

    columns: tuple[ColumnCounts, ...] = ()
    untested: Untested | None = None
    notes: tuple[str, ...] = field(default=())


def counted_pair(reference: Profile, current: Profile, roles: Roles = EVERYTHING) -> CountedPair:
    """Align two profiles that have sums on the same cut points.

    Numbers are compared by their cells. Levels need no cut points: they are counted one by one while a table has at
    most 256.

    Raises
    ------
    BadInput
        No common column; a column asked for that is not there; other cut points, or none.
    """
    if reference.sums is None or current.sums is None or reference.sums.cuts.id != current.sums.cuts.id:
        raise BadInput("the profiles have no sums on the same cut points; profile both with --like the same one")
    sides, sums = (reference, current), (reference.sums, current.sums)
    found = [_one(reference[name], current[name], sums, roles.told(name)) for name in _wanted(sides, roles)]
    lone = [
        Untested(name, "absent", f"only in {side}: nothing to compare it with")
        for side, here, there in (("the reference", *sides), ("current", *sides[::-1]))
        for name in sorted(set(here.names) - set(there.names) - set(roles.ignore))
    ]
    return CountedPair(
        (reference.n, current.n),
        tuple(c for one in found for c in one.columns),
        sums,
        (*(one.untested for one in found if one.untested), *lone),
        tuple(note for one in found for note in one.notes),
    )


def _wanted(sides: tuple[Profile, Profile], roles: Roles) -> list[str]:
    for name in roles.columns or ():
        for side, profile in zip(("the reference", "current"), sides):
            if name not in profile.columns:
                raise BadInput(f"columns: {name!r} is not in {side}; it has {', '.join(profile.names[:8])}")
    for role in ("id", "ordinal", "ignore"):
        for name in getattr(roles, role):
            if all(name not in profile.columns for profile in sides):
                raise BadInput(f"{role}: {name!r} is in neither table")
    shared = [name for name in sides[0].names if name in sides[1].columns]
    if not shared:
        raise BadInput("the tables have no column in common; give tables with the same column names")
    wanted = [name for name in shared if roles.compares(name)]
    if not wanted:
        raise BadInput("no column is left to compare; name other columns, or ignore fewer")
    return wanted


def _one(a: ColumnProfile, b: ColumnProfile, sums: tuple[Sums, Sums], told: Told) -> _One:
    seen = a.rows - a.missing, b.rows - b.missing
    families = {c.family for c in (a, b) if c.family != "null"}
    if len(families) > 1:
        return _set_aside(a, b, "mismatch", f"other types in the two tables: {a.type} and {b.type}", gaps=False)
    if "nested" in families:
        return _set_aside(a, b, "nested", f"values of type {a.type} are not compared", gaps=False)
    if not any(seen):
        return _set_aside(a, b, "constant", "missing in every row of both tables", gaps=False)
    if not all(seen):
        note = f"{a.name}: missing in every row of one table; tested as missing or not"
        return _One(tuple(_gaps(a, b)), notes=(note,))
    if told == "id":
        return _set_aside(a, b, "id", "identifier, as told: not compared")
    if "time" in families:
        return _set_aside(a, b, "datetime", "absolute date-times differ by design")
    if "number" not in families:
        return _text(a, b, told)
    found = _number(a, b, sums, told)
    return replace(found, columns=(*found.columns, *_infinite(a, b)))


def _gaps(a: ColumnProfile, b: ColumnProfile) -> Iterator[ColumnCounts]:
    """Being missing, as a column of its own where nothing else of the column is compared."""
    if a.missing or b.missing:
        counts = np.array([[c.rows - c.missing, c.missing, 0] for c in (a, b)], np.int64)
        yield ColumnCounts(f"{a.name} [missing]", "boolean", counts, ("false", "true"))


def _infinite(a: ColumnProfile, b: ColumnProfile) -> Iterator[ColumnCounts]:
    """Being infinite, as a column of its own: cells say how many values lie beyond a cut point, not which."""
    if a.infinite or b.infinite:
        counts = [[c.rows - c.missing - c.infinite, c.infinite, c.missing] for c in (a, b)]
        yield ColumnCounts(f"{a.name} [infinite]", "boolean", np.array(counts, np.int64), ("false", "true"))


def _merged(a: ColumnProfile, b: ColumnProfile) -> bool:
    """Whether whole numbers lie so close beyond 2**53 that a profile's float64 makes many of them equal."""
    ends = [v for c in (a, b) for v in (c.low, c.high) if v is not None]
    size = max((abs(v) for v in ends), default=0.0)
    return a.whole and b.whole and size >= 2.0**53 and max(ends) - min(ends) < _CELLS * float(np.spacing(size))


def _set_aside(a: ColumnProfile, b: ColumnProfile, kind: str, reason: str, *, gaps: bool = True) -> _One:
    return _One(tuple(_gaps(a, b)) if gaps else (), Untested(a.name, kind, reason))


def _number(a: ColumnProfile, b: ColumnProfile, sums: tuple[Sums, Sums], told: Told) -> _One:
    finite = not (a.infinite or b.infinite)
    low, high = (pick(v for v in ends if v is not None) if any(v is not None for v in ends) else None
                 for pick, ends in ((min, (a.low, b.low)), (max, (a.high, b.high))))  # fmt: skip
    if finite and _merged(a, b):
        return _set_aside(a, b, "merged", "whole numbers beyond 2**53 that counts cannot tell apart; profile with rows")
    if finite and low == high:
        return _set_aside(a, b, "constant", f"constant: '{low:g}' in every row that has a value")
    if finite and not told and (reason := _identifies(a, b)):
        return _set_aside(a, b, "id", reason)
    if finite and a.whole and b.whole and low == 0 and high == 1:
        return _One(
            (ColumnCounts(a.name, "boolean", np.stack([_zeros_and_ones(c) for c in (a, b)]), ("0", "1"), True),)
        )
    if finite and a.low == a.high:
        return _was_constant(a, b)
    if all(cut.name != a.name for cut in sums[0].cuts.columns):
        return _set_aside(a, b, "uncut", "it has no cut points in the profile that these were made like")
    counts = np.stack([s.histogram(a.name) for s in sums])
    tied = a.whole and b.whole and low is not None and low >= 0
    tied = tied and a.distinct.count + b.distinct.count <= 0.5 * (a.rows - a.missing + b.rows - b.missing)
    return _One((ColumnCounts(a.name, "count" if tied else "numeric", counts, scored=True),))


def _zeros_and_ones(c: ColumnProfile) -> Ints:
    ones = round(c.moments.s1)  # a sum of rounded sums: whole but for the last bits
    return np.array([c.moments.n - ones, ones, c.missing], np.int64)


def _was_constant(a: ColumnProfile, b: ColumnProfile) -> _One:
    """A value that the reference has always: at least how many of current's rows have another."""
    assert a.low is not None and b.low is not None and b.high is not None
    seen, inside = b.rows - b.missing, b.low <= a.low <= b.high
    if not inside:
        others = seen
    elif b.distinct.exact and b.distinct.count == 2 and a.low in (b.low, b.high) and not b.moments.overflow:
        other = Fraction(b.high if a.low == b.low else b.low)
        others = round((b.moments.s1 - seen * Fraction(a.low)) / (other - Fraction(a.low)))
    else:
        others = round((1.0 if b.distinct.exact else 1 - 2 * _SLACK) * b.distinct.count) - 1
    others = min(max(others, 1), seen)
    counts = np.array([[a.rows - a.missing, 0, a.missing], [seen - others, others, b.missing]], np.int64)
    note = f"{a.name}: always {a.low:g} in the reference; current has another value in {others} rows" + (
        " at least (all that its distinct values show)" if inside and b.distinct.count != 2 else ""
    )
    return _One((ColumnCounts(a.name, "category", counts, (f"{a.low:g}", "another value")),), notes=(note,))


def _identifies(a: ColumnProfile, b: ColumnProfile) -> str:
    """Why whole numbers are an identifier; empty where they are not, as far as counts can tell."""
    sizes = [c.rows for c in (a, b)]
    if not (a.whole and b.whole) or a.missing or b.missing or max(sizes) < FEWEST_FOR_ID:
        return ""
    assert a.low is not None and a.high is not None and b.low is not None and b.high is not None
    unique = all(c.distinct.count >= (1 - (0 if c.distinct.exact else _SLACK)) * NEARLY_UNIQUE * c.rows for c in (a, b))
    if not unique:
        return ""
    if all(float(c.high or 0) - float(c.low or 0) == c.rows - 1 for c in (a, b)):
        return "consecutive identifier: differs by design"
    if named_id(a.name):
        return "identifier by its name, nearly unique: differs by design"
    if a.high < b.low or b.high < a.low:
        return "taken for a rising identifier: whole numbers that hardly repeat, and the tables' ranges do not meet"
    return ""


def _text(a: ColumnProfile, b: ColumnProfile, told: Told) -> _One:
    seen = a.rows - a.missing + b.rows - b.missing
    if a.frequent.error or b.frequent.error:
        many = max(a.distinct.count, b.distinct.count)
        reason = f"about {many:,.0f} values: too many to be counted without rows; profile with rows to test it"
        return _set_aside(a, b, "text", reason)
    pooled = dict(a.frequent.counts)
    for level, count in b.frequent.counts.items():
        pooled[level] = pooled.get(level, 0) + count
    levels = sorted(pooled, key=lambda level: (-pooled[level], level))
    if len(levels) == 1:
        return _set_aside(a, b, "constant", f"constant: {levels[0]!r} in every row that has a value")
    if told:
        scaled, how = scale(levels)
        ranked = np.array([[c.frequent.counts.get(level, 0) for level in scaled] + [c.missing] for c in (a, b)])
        note = f"{a.name}: compared by rank ({how})"
        return _One((ColumnCounts(a.name, "ordinal", ranked.astype(np.int64), scaled),), notes=(note,))
    if len(levels) >= FEWEST_FOR_ID and len(levels) >= 0.5 * seen:
        return _set_aside(a, b, "id", "text that hardly repeats: an identifier, or sentences that take rows to compare")
    two = {level.lower() for level in levels} == {"true", "false"}
    counts = [[c.frequent.counts.get(level, 0) for level in levels] + [c.missing] for c in (a, b)]
    scored = all(len(c.frequent.counts) <= CUT_LEVELS for c in (a, b))
    return _One(
        (ColumnCounts(a.name, "boolean" if two else "category", np.array(counts, np.int64), tuple(levels), scored),)
    )
