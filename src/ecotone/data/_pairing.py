"""Two tables made comparable: typed together, columns aligned, copies left out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Bools

from ._duplicates import leave_out_copies
from ._kinds import Typed, decide, ordered_levels
from ._readers import Frame
from ._table import Column, Pair, Table, Untested
from ._typing import Raw, pool


def pair(
    reference: Frame,
    current: Frame,
    *,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    target: str | None = None,
    prediction: str | None = None,
    probability: Sequence[str] = (),
    entity: str | None = None,
    time: str | None = None,
    groups: str | None = None,
) -> Pair:
    """Type and align two tables so that they can be compared.

    What a column is gets decided on the rows of both tables together and in the same way for both: exchanging
    reference and current changes no kind and no level.

    Parameters
    ----------
    reference, current : Frame
        As :func:`read_table` gives them.
    columns : sequence of str, optional
        The only columns to test; by default all that both tables have.
    exclude : sequence of str
        Columns not to test.
    target, prediction, entity, time, groups : str, optional
        Columns with a role; they are never features.
    probability : sequence of str
        Columns of predicted probabilities, one a class.

    Returns
    -------
    Pair

    Raises
    ------
    BadInput
        No common column; a column asked for that is not there, or is of other types in the two tables; a role's
        column that the reference lacks, or that current lacks (but for the target).

    Examples
    --------
    >>> from ecotone.data import read_table
    >>> a = read_table({"x": [1.5, 2.5, 3.5], "city": ["Ulm", "Bonn", None]})
    >>> b = read_table({"x": [1.0, None, 9.5], "city": ["Ulm", "Kiel", "Ulm"]}, name="current")
    >>> both = pair(a, b)
    >>> [(c.name, c.kind, c.levels) for c in both.reference]
    [('x', 'numeric', ()), ('city', 'category', ('Ulm', 'Bonn', 'Kiel'))]
    """
    roles = _roles(target, prediction, probability, entity, time, groups)
    _check_names(reference, current, columns, exclude, roles)
    shared = [c for c in reference.arrow.column_names if c in set(current.arrow.column_names)]
    if not shared:
        some = [", ".join(f.arrow.column_names[:4]) for f in (reference, current)]
        raise BadInput(
            f"the tables have no column in common: reference has {some[0]} …, current has {some[1]} …; "
            "give tables with the same column names"
        )
    raws = {name: pool(name, reference.arrow[name], current.arrow[name]) for name in shared}
    keep, counts = leave_out_copies(reference.arrow, current.arrow, raws)
    if not keep.all():
        raws = {name: raw.take(keep) for name, raw in raws.items()}
    wanted = [
        c for c in shared if c not in set(roles.values()) | set(exclude) and (columns is None or c in set(columns))
    ]
    typed = {name: decide(raws[name]) for name in wanted}
    _refuse_mismatch(typed, columns)
    split = int(keep[: reference.n].sum())
    features = _distinct_names([f for t in typed.values() for f in t.features])
    halves = (slice(None, split), slice(split, None))
    rows = [np.flatnonzero(k) for k in (keep[: reference.n], keep[reference.n :])]
    frames = (reference, current)
    tables = [
        Table({f.name: _half(f, h) for f in features}, len(r), frame.parts, r)
        for h, r, frame in zip(halves, rows, frames)
    ]
    lone, lone_notes = _one_sided(reference, current, set(roles.values()) | set(exclude))
    aside = {t.aside.name: (_half(t.aside, halves[0]), _half(t.aside, halves[1])) for t in typed.values() if t.aside}
    return Pair(
        tables[0],
        tables[1],
        roles={role: _role(role, name, raws, reference, keep, halves) for role, name in roles.items()},
        untested=(*(t.untested for t in typed.values() if t.untested), *lone),
        notes=(
            *reference.notes,
            *current.notes,
            *_copy_notes(counts),
            *(n for t in typed.values() for n in t.notes),
            *lone_notes,
        ),
        duplicates=counts,
        aside=aside,
    )


def _roles(
    target: str | None,
    prediction: str | None,
    probability: Sequence[str],
    entity: str | None,
    time: str | None,
    groups: str | None,
) -> dict[str, str]:
    named = {"target": target, "prediction": prediction, "entity": entity, "time": time, "groups": groups}
    found = {role: name for role, name in named.items() if name is not None}
    several = [probability] if isinstance(probability, str) else list(probability)
    return {**found, **{f"probability:{name}": name for name in several}}


def _check_names(
    reference: Frame, current: Frame, columns: Sequence[str] | None, exclude: Sequence[str], roles: dict[str, str]
) -> None:
    here, there = reference.arrow.column_names, current.arrow.column_names
    for role, name in roles.items():
        if name not in here:
            raise BadInput(f"{role.split(':')[0]}: column {name!r} is not in the reference{_hint(name, here)}")
        if name not in there and role != "target":
            raise BadInput(f"{role.split(':')[0]}: column {name!r} is not in current{_hint(name, there)}")
    for name in columns or ():
        for names, table in ((here, "the reference"), (there, "current")):
            if name not in names:
                raise BadInput(f"columns: {name!r} is not in {table}{_hint(name, names)}")
    for name in exclude:
        if name not in here and name not in there:
            raise BadInput(f"exclude: {name!r} is in neither table{_hint(name, [*here, *there])}")


def _hint(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else f"; it has {', '.join(list(names)[:6])}"


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
        out.append(Column(name, f.kind, f.values, f.levels, f.derived_from))
    return out


def _half(column: Column, part: slice) -> Column:
    return Column(column.name, column.kind, column.values[part], column.levels, column.derived_from)


def _copy_notes(counts: dict[str, int]) -> list[str]:
    notes = [
        f"{counts[table]} rows of {table} are copies of other rows in it and were left out"
        for table in ("reference", "current")
        if counts[table]
    ]
    if counts["overlap"]:
        notes.append(f"{counts['overlap']} rows of current are also in the reference; they were kept")
    return notes


def _one_sided(reference: Frame, current: Frame, left_out: set[str]) -> tuple[list[Untested], list[str]]:
    here, there = reference.arrow.column_names, current.arrow.column_names
    lone = []
    for names, others, table, other in ((here, there, "reference", "current"), (there, here, "current", "reference")):
        lone += [
            Untested(c, "absent", f"in {table} only; {other} lacks it")
            for c in names
            if c not in set(others) | left_out
        ]
    notes = [f"{len(lone)} columns are in one table only: {', '.join(u.name for u in lone[:5])}"] if lone else []
    return lone, notes


def _role(
    role: str, name: str, raws: dict[str, Raw], reference: Frame, keep: Bools, halves: tuple[slice, slice]
) -> tuple[Column | None, Column | None]:
    raw = raws.get(name)
    lacks = raw is None
    if raw is None:  # only the target may be in the reference alone
        empty = pa.chunked_array([pa.nulls(0)])
        raw = pool(name, reference.arrow[name], empty).take(keep[: reference.n])
    column = _as_role(role, raw)
    return _half(column, halves[0]), None if lacks else _half(column, halves[1])


def _as_role(role: str, raw: Raw) -> Column:
    """A role's values: all levels are kept, and nothing is merged or derived."""
    what = role.split(":")[0]
    if raw.family in ("nested", "mismatch"):
        why = raw.note or f"values of type {raw.types[0]}"
        raise BadInput(f"{what}: column {raw.name!r} cannot be used: {why}")
    if raw.family == "null":
        raise BadInput(f"{what}: column {raw.name!r} is missing in every row; give one with values")
    if what in ("probability", "time") and raw.family == "text":
        need = "numbers in [0, 1]" if what == "probability" else "date-times or numbers"
        raise BadInput(
            f"{what}: column {raw.name!r} holds text such as {raw.dictionary[0].as_py()[:40]!r}; give {need}"
        )
    if what == "entity":
        units = np.unique(raw.key(), return_inverse=True)[1].astype(np.float64)
        return Column(raw.name, "id", np.where(raw.missing, np.nan, units))
    if raw.family == "text":
        levels, codes = ordered_levels(raw)
        return Column(raw.name, "category", np.where(codes < 0, np.nan, codes.astype(np.float64)), levels)
    if what == "groups":
        found, place = np.unique(raw.values[~raw.missing], return_inverse=True)
        values = np.full(len(raw.values), np.nan)
        values[~raw.missing] = place
        return Column(raw.name, "category", values, tuple(f"{v:.15g}" for v in found))
    if raw.family == "time":
        return Column(raw.name, "datetime", raw.values)
    if raw.family == "boolean":
        return Column(raw.name, "boolean", raw.values, ("false", "true"))
    present = raw.values[~raw.missing]
    if what not in ("probability", "time") and np.isin(present, (0.0, 1.0)).all():
        return Column(raw.name, "boolean", raw.values, ("0", "1"))
    whole = bool((present == np.floor(present)).all()) and bool((present >= 0).all())
    return Column(raw.name, "count" if whole and what != "probability" else "numeric", raw.values)
