"""What became of the columns themselves: lost, new, renamed-looking, of another type, and which no test read."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from ecotone.checkup.as_json import Keys
from ecotone.data import Untested

from ._summary import ColumnSummary

_WORDS = {"boolean": "true/false", "number": "numbers", "time": "date-times", "text": "text", "nested": "nested values"}
_ALIKE_NAME = 0.6  # ratio of matching characters
_ALIKE = 0.25  # largest distance of two distributions that may be one, plus what chance adds
_SAME = 0.05  # the same, where the name says nothing
_CHANCE = 1.6  # of a Kolmogorov-Smirnov distance, in units of sqrt(1/n + 1/m)
_FEWEST = 30
_MOST_PAIRS = 40_000


@dataclass(frozen=True)
class Renamed:
    """A lost column and a new one that look like one."""

    reference: str
    current: str
    reason: str


@dataclass(frozen=True)
class TypeChange:
    """A column whose values read as another kind in each table; ``compared`` where a test could read both."""

    name: str
    reference: str
    current: str
    reason: str
    compared: bool


@dataclass(frozen=True)
class Schema:
    """How the columns of the tables differ.

    Parameters
    ----------
    lost, new : tuple of str
        Columns of the reference alone, and of current alone; renamed-looking ones too.
    renamed : tuple of Renamed
    type_changed : tuple of TypeChange
    untested : tuple of Untested
        Columns of both tables that no test read, with the reason.
    compared, columns : int
        Columns that a test read, of all that either table has.
    reordered : bool
        The columns of both come in another order.
    """

    lost: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    type_changed: tuple[TypeChange, ...] = ()
    untested: tuple[Untested, ...] = ()
    compared: int = 0
    columns: int = 0
    reordered: bool = False

    JSON: ClassVar[Keys] = (
        "changed", "lost", "new", "renamed", "type_changed", "untested", "compared", "columns", "reordered",
    )  # fmt: skip

    @property
    def changed(self) -> bool:
        """Whether a column was lost, is new, or changed its type; another order alone is none."""
        return bool(self.lost or self.new or self.type_changed)

    def with_untested(self, untested: Sequence[Untested]) -> Schema:
        """The same where the search for dependence left out more columns of both tables."""
        said = {*(u.name for u in self.untested), *(c.name for c in self.type_changed if not c.compared)}
        more = [u for u in untested if u.name not in {*said, *self.lost, *self.new}]
        return replace(self, untested=(*self.untested, *more), compared=self.compared - len(more))


def schema(
    reference: Mapping[str, ColumnSummary],
    current: Mapping[str, ColumnSummary],
    *,
    untested: Sequence[Untested] = (),
    without: frozenset[str] = frozenset(),
) -> Schema:
    """Compare the columns of two tables.

    Parameters
    ----------
    reference, current : mapping of str to ColumnSummary
        In the tables' order.
    untested : sequence of Untested
        As the tests left them.
    without : frozenset of str
        Columns that were left out on purpose or have a role: neither lost nor new, and not counted.
    """
    names = [[n for n in side if n not in without] for side in (reference, current)]
    here, there = (set(side) for side in names)
    lost, new = ([n for n in side if n not in other] for side, other in zip(names, (there, here)))
    shared = [n for n in reference if n in current]
    types = [c for n in shared if (c := _type_change(reference[n], current[n], untested)) is not None]
    said = {c.name for c in types if not c.compared} | set(lost) | set(new)
    left = [u for u in untested if u.name not in said]
    gone = said | {u.name for u in left}
    kept = [[n for n in side if n in here & there] for side in names]
    return Schema(
        tuple(lost),
        tuple(new),
        _renamed([reference[n] for n in lost], [current[n] for n in new]),
        tuple(types),
        tuple(left),
        len((here & there) - gone),
        len(here | there),
        kept[0] != kept[1],
    )


def _type_change(a: ColumnSummary, b: ColumnSummary, untested: Sequence[Untested]) -> TypeChange | None:
    if a.family == b.family or "null" in (a.family, b.family):
        return None
    reason = next((u.reason for u in untested if u.name == a.name and u.kind == "mismatch"), "")
    return TypeChange(a.name, _words(a), _words(b), reason or "read as one kind in both", not reason)


def _words(c: ColumnSummary) -> str:
    """What a column holds; a few levels by name."""
    if c.family == "number" and c.whole and c.low == 0 and c.high == 1:
        return "0/1"
    if c.family == "text" and c.levels is not None and len(c.levels) <= 3:
        return "/".join(sorted(level[:20] for level in c.levels))
    return _WORDS.get(c.family, c.family)


def _renamed(lost: Sequence[ColumnSummary], new: Sequence[ColumnSummary]) -> tuple[Renamed, ...]:
    """The most alike pairs, each column in one at most."""
    if len(lost) * len(new) > _MOST_PAIRS:
        keys = {_key(c.name): c for c in new}
        found = [(2.0, a, keys[_key(a.name)], "only its spelling differs") for a in lost if _key(a.name) in keys]
    else:
        found = [(score, a, b, why) for a in lost for b in new for score, why in [_alike(a, b)] if score > 0]
    taken: set[str] = set()
    out = []
    for _, a, b, why in sorted(found, key=lambda pair: -pair[0]):
        if not {f"-{a.name}", f"+{b.name}"} & taken:
            taken |= {f"-{a.name}", f"+{b.name}"}
            out.append(Renamed(a.name, b.name, why))
    return tuple(out)


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _alike(a: ColumnSummary, b: ColumnSummary) -> tuple[float, str]:
    """How much two columns look like one, and why; 0 where they do not."""
    keys = _key(a.name), _key(b.name)
    if keys[0] == keys[1] and keys[0]:
        case = a.name.casefold() == b.name.casefold()
        return 2.0, "only upper and lower case differ" if case else "only its spelling differs"
    if a.family != b.family:
        return 0.0, ""
    apart = _distance(a, b)
    name = difflib.SequenceMatcher(None, *keys).ratio()
    if name >= _ALIKE_NAME and apart <= _ALIKE:
        return 1.0 + name - apart, "a similar name, and similar values"
    if apart <= _SAME and min(a.present, b.present) >= _FEWEST and (a.distinct or 0) > 2:
        return 1.0 - apart, "another name, but the same values as far as can be told"
    return 0.0, ""


def _distance(a: ColumnSummary, b: ColumnSummary) -> float:
    """Distance of two distributions beyond chance: Kolmogorov-Smirnov, or half the difference of levels' shares."""
    if not a.present or not b.present:
        return 1.0
    chance = _CHANCE * math.sqrt(1 / a.present + 1 / b.present)
    if a.ordered:
        return max(0.0, a.distribution.distance(b.distribution) - chance)
    if a.levels is None or b.levels is None:
        return 1.0
    both = set(a.levels) | set(b.levels)
    apart = 0.5 * sum(abs(a.levels.get(k, 0) / a.present - b.levels.get(k, 0) / b.present) for k in both)
    return max(0.0, apart - chance * math.sqrt(len(both)) / 2)
