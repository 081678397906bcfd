"""Limits of a table that came over the network."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ._refused import Refused
from ._settings import Limits


def check_shape(rows: int, names: Sequence[str], limits: Limits) -> None:
    """Raise :class:`Refused` for too many rows or columns, none, or two of one name."""
    if rows > limits.rows:
        raise Refused(413, f"the table has {rows} rows and {limits.rows} are taken at once; send it in parts")
    if len(names) > limits.columns:
        raise Refused(413, f"the table has {len(names)} columns and {limits.columns} are taken; leave some out")
    if not rows or not names:
        raise Refused(422, f"the table has {rows} rows and {len(names)} columns; send at least one of each")
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise Refused(422, f"the table has two columns named {twice!r}; rename one of them")


def check_expanded(table: pa.Table, limits: Limits) -> None:
    """Raise :class:`Refused` where codes stand for too many bytes: a short body may hold a huge table."""
    total = table.nbytes
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            total += sum(_expanded(chunk) for chunk in column.chunks)
        if total > limits.expanded:
            raise Refused(413, f"the table takes more than {limits.expanded} bytes; send it in parts")


def _expanded(chunk: pa.DictionaryArray) -> int:
    words = chunk.dictionary
    if not (pa.types.is_string(words.type) or pa.types.is_large_string(words.type) or pa.types.is_binary(words.type)):
        return 8 * len(chunk)
    lengths = pc.binary_length(words).take(chunk.indices)
    return int(pc.sum(lengths.cast(pa.int64())).as_py() or 0)
