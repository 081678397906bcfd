"""Which columns of a table hold no value twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._profile import Profile
from ._profile_columns import ColumnProfile
from ._profile_sketch import KMVSketch
from .sources import Mistyped, Source, family, open_source

_FEWEST = 20
_SLACK = 0.85  # of the rows: less than a sketch errs where every value is unique
_ALL = 1 << 62


def unique_columns(source: Any, found: Profile) -> frozenset[str]:
    """Text and whole numbers of which no value occurs twice, missing ones apart.

    A profile estimates how many values are distinct; what may be unique by that is counted here in a second pass, by
    64-bit hashes of all values.

    Parameters
    ----------
    source : path, data frame or whatever else was profiled
        Not a stream.
    found : Profile
        Its profile.

    Examples
    --------
    >>> from ecotone.data import profile
    >>> table = {"order": list(range(50)), "city": ["Ulm", "Bonn"] * 25}
    >>> sorted(unique_columns(table, profile(table)))
    ['order']
    """
    names = [name for name, column in found.columns.items() if _may_be(column)]
    if not names:
        return frozenset()
    opened = open_source(source, "source", names)
    while True:
        try:
            return frozenset(_counted(opened, names))
        except Mistyped as error:
            opened.retype(error)


def _counted(opened: Source, names: Sequence[str]) -> list[str]:
    kinds = {name: opened.schema.field(name).type for name in names}
    columns = [ColumnProfile(n, str(k), family(k), distinct=KMVSketch(k=_ALL)) for n, k in kinds.items()]
    for batch in opened.batches():
        for column in columns:
            column.update(batch.column(column.name))
    return [c.name for c in columns if c.distinct.count == c.rows - c.missing]


def _may_be(column: ColumnProfile) -> bool:
    present = column.rows - column.missing
    kind = column.family == "text" or (column.family == "number" and column.whole and not column.infinite)
    least = present if column.distinct.exact else _SLACK * present
    return kind and present >= _FEWEST and column.distinct.count >= least
