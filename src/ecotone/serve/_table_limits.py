"""Limits of a table that came over the network, and the types that are read."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ._refused import Refused
from ._settings import Limits

#: Characters of a column's name: names are kept with the facts about a stream.
LONGEST_NAME = 500
_READ = (
    pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal,
    pa.types.is_string, pa.types.is_large_string, pa.types.is_timestamp, pa.types.is_date, pa.types.is_time,
    pa.types.is_duration,
)  # fmt: skip


def check_shape(rows: int, names: Sequence[str], limits: Limits) -> None:
    """Raise :class:`Refused` for too many rows or columns, none, or two of one name."""
    if rows > limits.rows:
        raise Refused(413, f"the table has {rows} rows and {limits.rows} are taken at once; send it in parts")
    if len(names) > limits.columns:
        raise Refused(413, f"the table has {len(names)} columns and {limits.columns} are taken; leave some out")
    if 8 * rows * len(names) > limits.expanded:  # rows of one value each may name other columns each
        words = f"{rows} rows of {len(names)} columns take more than {limits.expanded} bytes; send the table in parts"
        raise Refused(413, words)
    if not rows or not names:
        raise Refused(422, f"the table has {rows} rows and {len(names)} columns; send at least one of each")
    check_names(names)
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise Refused(422, f"the table has two columns named {twice!r}; rename one of them")


def check_names(names: Sequence[str]) -> None:
    """Raise :class:`Refused` for a column's name that is longer than any that is meant."""
    if long := next((name for name in names if len(name) > LONGEST_NAME), None):
        raise Refused(422, f"a column's name has {len(long)} characters, {long[:40]!r}...; give {LONGEST_NAME} at most")


def check_types(schema: pa.Schema) -> None:
    """Raise :class:`Refused` for a column that holds neither numbers nor texts nor times nor true and false."""
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not any(test(kind) for test in _READ) or not _known_zone(kind):
            words = "numbers, texts, times, true and false are read; leave it out, or send it as one of these"
            raise Refused(422, f"column {field.name!r} holds {str(field.type)[:80]}, and {words}")


def _known_zone(kind: pa.DataType) -> bool:
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        return True
    try:
        pa.scalar(0, kind).cast(pa.string())
    except pa.ArrowException:
        return False
    return True


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
