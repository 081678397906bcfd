"""From pooled values to features: kind, values and levels of each column, or the reason why no test reads it."""

from __future__ import annotations

from dataclasses import replace

from ._identifiers import codes_of
from ._number_kinds import number_kind
from ._ordinal import ordinal_kind
from ._pooled_column import PooledColumn
from ._roles import Told
from ._table import Untested
from ._text_kinds import text_kind
from ._typed import Typed, indicator, set_aside

#: Fewer values than this, in a column that is nearly all missing, say only that they are there.
FEWEST_PRESENT = 10


def decide(raw: PooledColumn, told: Told = "") -> Typed:
    """What a column is, from both tables' values together, or as the user has ``told``."""
    notes = (raw.note,) if raw.note else ()
    if raw.family == "mismatch":
        return Typed(untested=Untested(raw.name, "mismatch", f"other types in the two tables: {raw.note}"))
    if raw.family == "nested":
        a, b = raw.types
        return Typed(
            untested=Untested(raw.name, "nested", f"values of type {a if a == b else f'{a} and {b}'} are not compared")
        )
    missing = raw.missing
    n, present = len(missing), int(len(missing) - missing.sum())
    if present == 0:
        return Typed(untested=Untested(raw.name, "constant", "missing in every row of both tables"), notes=notes)
    one_sided = present < n and bool(missing[: raw.split].all() or missing[raw.split :].all())
    if one_sided or (present < FEWEST_PRESENT and n >= 10 * FEWEST_PRESENT):
        where = "missing in every row of one table" if one_sided else f"only {present} of {n} rows hold a value"
        return Typed((indicator(raw),), notes=(*notes, f"{raw.name}: {where}; tested as missing or not"))
    if told == "id":
        typed = set_aside(raw, "id", "identifier, as told: not compared", codes_of(raw))
    elif told == "ordinal":
        typed = ordinal_kind(raw)
    else:
        typed = text_kind(raw) if raw.family == "text" else number_kind(raw)
    return replace(typed, notes=(*notes, *typed.notes))
