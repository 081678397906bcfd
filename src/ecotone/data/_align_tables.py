"""Two tables made comparable: typed together, columns aligned, copies left out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ecotone.contracts import BadInput, Bools, Ints

from ._duplicate_notes import copy_notes
from ._duplicates import find_copies
from ._embeddings import embeddings
from ._frame import Frame
from ._kinds import decide
from ._match import Matched, match
from ._pool import pool
from ._pooled_column import PooledColumn
from ._role_columns import role_columns
from ._roles import EVERYTHING, Roles
from ._table import Column, Pair, Table, Untested
from ._thread_map import thread_map
from ._typed import Typed


def align_tables(reference: Frame, current: Frame, roles: Roles = EVERYTHING, *, seed: int = 0) -> Pair:
    """Type and align two tables so that they can be compared.

    What a column is gets decided on the rows of both tables together and in the same way for both: exchanging
    reference and current changes no kind and no level.

    Parameters
    ----------
    reference, current : Frame
        As :func:`read_table` gives them.
    roles : Roles
        What columns are for, and which are compared; by default all that both tables have.
    seed : int
        Of the draw that decides which of several copies takes part.

    Returns
    -------
    Pair

    Raises
    ------
    BadInput
        No common column; a column asked for that is not there, or is of other types in the two tables; a role's
        column that the reference lacks, or that current lacks (but for the target).

    Notes
    -----
    Numbers are ``count`` where they are whole, not negative and half of them or more repeat, ``boolean`` where they
    are 0 and 1, and otherwise ``numeric``; they never become a category, for their order matters. Text is ``boolean``
    (true, false), numbers or date-times where all of it reads as such; sentences become their length, number of
    words and number of digits; otherwise it is a ``category`` of at most 200 levels and ``"(other)"``.

    Set aside, with the reason: date-times; identifiers, which are text that hardly repeats (in both tables together
    or in each), UUIDs, whole numbers that rise from row to row in both tables or are a run without gaps, and nearly
    unique whole numbers whose name says "id"; constants; nested values; columns of other types in the two tables.
    Where such a column has gaps, or one table has no value at all, ``name [missing]`` is tested.

    Equal rows are equal in every column read (excluded ones and roles, too). Rows that repeat by nature are kept;
    copies are left out, in a table that is repeated as a whole and where equal rows fall on the two tables as rows
    that repeat by nature do not.

    Examples
    --------
    >>> from ecotone.data import read_table
    >>> a = read_table({"x": [1.5, 2.5, 3.5], "city": ["Ulm", "Bonn", None]})
    >>> b = read_table({"x": [1.0, None, 9.5], "city": ["Ulm", "Kiel", "Ulm"]}, name="current")
    >>> both = align_tables(a, b)
    >>> [(c.name, c.kind, c.levels) for c in both.reference]
    [('x', 'numeric', ()), ('city', 'category', ('Ulm', 'Bonn', 'Kiel'))]
    """
    shared = _shared(reference, current, roles)
    values = (reference.n + current.n) * len(shared)
    pooled = thread_map(lambda name: pool(name, reference.arrow[name], current.arrow[name]), shared, values=values)
    raws = dict(zip(shared, pooled))
    copies = find_copies(reference.arrow, current.arrow, raws, seed=seed)
    keep, matched = copies.keep, None
    if roles.given:
        matched = match(roles.given, raws, keep, reference.n, roles.entity, seed=seed)
        keep = matched.keep
    if not keep.all():
        raws = {name: raw.take(keep) for name, raw in raws.items()}
    typed = _typed(raws, shared, roles, values)
    split = int(keep[: reference.n].sum())
    features = _distinct_names([f for t in typed for f in t.features])
    blocks = embeddings(roles.embedding, features, shared)
    halves = (slice(None, split), slice(split, None))
    rows = [np.flatnonzero(k) for k in (keep[: reference.n], keep[reference.n :])]
    tables = [
        Table({f.name: f.take(h) for f in features}, len(r), frame.parts, r)
        for h, r, frame in zip(halves, rows, (reference, current))
    ]
    named = roles.by_role
    lone, lone_notes = _one_sided(reference, current, set(named.values()) | set(roles.ignore))
    beside = [*(t.aside for t in typed if t.aside), *_conditions(matched)]
    said = (*(n for t in typed for n in t.notes), *copy_notes(copies), *lone_notes)
    return Pair(
        tables[0],
        tables[1],
        roles={role: role_columns(role, name, raws, reference.arrow, keep, halves) for role, name in named.items()},
        untested=(*(t.untested for t in typed if t.untested), *lone),
        notes=(*reference.notes, *current.notes, *said, *(matched.strata.said() if matched else ())),
        duplicates=copies.to_dict(),
        stand_in=_stand_in(copies.stand_in, keep, reference.n),
        aside={c.name: (c.take(halves[0]), c.take(halves[1])) for c in beside},
        calibration=None if reference.calibration is None else reference.calibration[rows[0]],
        strata=None if matched is None else matched.strata,
        embeddings=blocks,
    )


def _shared(reference: Frame, current: Frame, roles: Roles) -> list[str]:
    """Columns that both tables have."""
    _check_names(reference, current, roles)
    theirs = set(current.arrow.column_names)
    shared = [c for c in reference.arrow.column_names if c in theirs]
    if not shared:
        here, there = (_some(f.arrow.column_names) for f in (reference, current))
        raise BadInput(
            f"the tables have no column in common: reference has {here}, current has {there}; "
            "give tables with the same column names"
        )
    return shared


def _typed(raws: dict[str, PooledColumn], shared: Sequence[str], roles: Roles, values: int) -> list[Typed]:
    """What each column that is compared turned out to be."""
    wanted = [c for c in shared if roles.compares(c)]
    if not wanted:
        raise BadInput("no column is left to compare; name other columns, or ignore fewer")
    typed = dict(zip(wanted, thread_map(lambda name: decide(raws[name], roles.told(name)), wanted, values=values)))
    _refuse_mismatch(typed, roles.columns)
    return list(typed.values())


def _conditions(matched: Matched | None) -> list[Column]:
    """What rows were matched on, for what looks for order and entities."""
    if matched is None:
        return []
    return [Column(c.name, "id", c.codes[matched.keep].astype(np.float64)) for c in matched.conditions]


def _stand_in(found: Ints | None, keep: Bools, split: int) -> Ints | None:
    """Positions among the rows that take part; -1 for a row that does not, nor one that equals it."""
    if found is None and keep.all():
        return None
    at = np.arange(split, len(keep)) if found is None else found
    return np.where(keep[at], (np.cumsum(keep) - 1)[at], -1)


def _check_names(reference: Frame, current: Frame, roles: Roles) -> None:
    here, there = reference.arrow.column_names, current.arrow.column_names
    for role, name in roles.by_role.items():
        if name not in here:
            raise BadInput(f"{role.split(':')[0]}: column {name!r} is not in the reference{_hint(name, here)}")
        if name not in there and role != "target":
            raise BadInput(f"{role.split(':')[0]}: column {name!r} is not in current{_hint(name, there)}")
    for name in roles.columns or ():
        for names, table in ((here, "the reference"), (there, "current")):
            if name not in names:
                raise BadInput(f"columns: {name!r} is not in {table}{_hint(name, names)}")
    for role in ("id", "ordinal", "ignore"):
        for name in getattr(roles, role):
            if name not in here and name not in there:
                raise BadInput(f"{role}: {name!r} is in neither table{_hint(name, [*here, *there])}")


def _hint(name: str, names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else f"; it has {_some(known)}"


def _some(names: Sequence[str]) -> str:
    """A few names; those that would break the sentence, escaped."""
    few = [n if n.isprintable() and len(n) <= 40 else repr(n[:40]) for n in names[:5]]
    return ", ".join(few) + (" …" if len(names) > 5 else "")


def _refuse_mismatch(typed: dict[str, Typed], columns: Sequence[str] | None) -> None:
    for name, t in typed.items():
        if columns is not None and t.untested and t.untested.kind == "mismatch":
            raise BadInput(f"columns: {name!r} has {t.untested.reason}; give it one type or leave it out")


def _distinct_names(features: list[Column]) -> list[Column]:
    """A derived feature makes way for a column that already has its name."""
    taken = {f.name for f in features if f.derived_from is None}
    out = []
    for f in features:
        name = f.name
        while f.derived_from is not None and name in taken:
            name += "'"
        taken.add(name)
        out.append(replace(f, name=name))
    return out


def _one_sided(reference: Frame, current: Frame, left_out: set[str]) -> tuple[list[Untested], list[str]]:
    here, there = reference.arrow.column_names, current.arrow.column_names
    lone = []
    for names, others, table, other in ((here, there, "reference", "current"), (there, here, "current", "reference")):
        known = set(others) | left_out
        lone += [Untested(c, "absent", f"in {table} only; {other} lacks it") for c in names if c not in known]
    notes = [f"{len(lone)} columns are in one table only: {_some([u.name for u in lone])}"] if lone else []
    return lone, notes
