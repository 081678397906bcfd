"""The rows that a profile keeps: a uniform sample, chosen by hashed priority, split once into fit and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import Bools, Ints

from ._profile_columns import coded, numbers, plain
from ._profile_hash import Hashes, hash_key, mix
from .sources import family

SAMPLED = 32
"""Rows of a batch whose contents enter its key."""
CATEGORY = pa.dictionary(pa.int32(), pa.string())
"""The type in which categories are kept, whatever their levels were."""


@dataclass(frozen=True)
class Rows:
    """Rows with the smallest priorities, in the order of their priorities.

    A row's priority is a hash of its position, of the seed and of some of the contents around it, so any two sets
    of rows are as likely to be kept; the lowest bit of the priority says which half the row belongs to and so
    travels with it. Keeping the ``k`` smallest of two such sets is associative and commutative.

    Parameters
    ----------
    table : pyarrow.Table
    priority : (m,) uint64, rising
    position : (m,) int64
        0-based position in the source as it was read.
    k : int
        Most rows to keep.
    """

    table: Any
    priority: Hashes
    position: Ints
    k: int

    @property
    def calibration(self) -> Bools:
        """(m,) True for the calibration half, False for the fit half."""
        return (self.priority & np.uint64(1)).astype(bool)

    def cut(self, k: int) -> Rows:
        """The ``k`` rows of the smallest priority."""
        order = np.argsort(self.priority, kind="stable")[:k]
        return Rows(self.table.take(pa.array(order)), self.priority[order], self.position[order], k)

    def merge(self, other: Rows) -> Rows:
        """The rows that one pass over both would keep."""
        first, second = (self, other) if self._order() <= other._order() else (other, self)
        table = pa.concat_tables(_alike(first.table, second.table), promote_options="permissive").combine_chunks()
        priority = np.concatenate([first.priority, second.priority])
        position = np.concatenate([first.position, second.position])
        return Rows(table, priority, position, min(self.k, other.k)).cut(min(self.k, other.k))

    def _order(self) -> tuple[int, ...]:
        return (int(self.priority[0]) if len(self.priority) else 0, len(self.priority))


def _alike(one: pa.Table, other: pa.Table) -> list[pa.Table]:
    """Two tables with columns of one type each; columns that only one of them keeps are dropped."""
    shared = [name for name in one.column_names if name in set(other.column_names)]
    columns = [_of_one_type(one[name].combine_chunks(), other[name].combine_chunks()) for name in shared]
    return [pa.table([pair[side] for pair in columns], names=shared) for side in (0, 1)]


def _of_one_type(a: Any, b: Any) -> tuple[Any, Any]:
    kinds = a.type, b.type
    if a.type == b.type or "null" in (family(a.type), family(b.type)):
        return a, b
    if CATEGORY in kinds:
        return a.cast(pa.string()), b.cast(pa.string())
    if family(a.type) == "time":
        return _microseconds(a), _microseconds(b)
    whole = all(pa.types.is_integer(kind) for kind in kinds) and pa.uint64() not in kinds
    return (a.cast(pa.int64()), b.cast(pa.int64())) if whole else (_as_float(a), _as_float(b))


def _microseconds(a: Any) -> Any:
    return a.cast(pa.timestamp("us", getattr(a.type, "tz", None)), safe=False).cast(pa.int64()).cast(pa.timestamp("us"))


def _as_float(a: Any) -> Any:
    return pa.array(numbers(a, "number"), from_pandas=True) if a.null_count else pa.array(numbers(a, "number"))


class Reservoir:
    """Builds :class:`Rows` from batches; holds about twice what it keeps."""

    def __init__(self, schema: Any, k: int, seed: int) -> None:
        self._schema, self._k, self._seed = schema, k, seed
        self._tables: list[Any] = []
        self._priority: list[Hashes] = []
        self._position: list[Ints] = []
        self._held = 0
        self._most = np.uint64(2**64 - 1)

    def update(self, batch: Any, start: int) -> None:
        """Offer a batch whose first row is the ``start``-th of the source."""
        some = np.linspace(0, len(batch) - 1, min(SAMPLED, len(batch))).astype(np.int64)
        key = np.uint64(hash_key(self._seed, start, len(batch), _contents(batch.take(pa.array(some)))))
        at = np.arange(start, start + len(batch), dtype=np.uint64)
        priority = mix(mix(at + np.uint64(1)) ^ key)
        kept = np.flatnonzero(priority <= self._most)
        if not len(kept):
            return
        if len(kept) > self._k:
            kept = np.sort(kept[np.argpartition(priority[kept], self._k)[: self._k]])
        self._tables.append(as_stored(batch.take(pa.array(kept)), self._schema))
        self._priority.append(priority[kept])
        self._position.append(kept + start)
        self._held += len(kept)
        if self._held >= 2 * self._k:
            self._shrink()

    def _shrink(self) -> Rows:
        table = pa.concat_tables(self._tables) if self._tables else self._schema.empty_table()
        priority = np.concatenate([np.empty(0, np.uint64), *self._priority])
        position = np.concatenate([np.empty(0, np.int64), *self._position])
        rows = Rows(table, priority, position, self._k).cut(self._k)
        self._tables, self._priority, self._position = [rows.table], [rows.priority], [rows.position]
        self._held = len(rows.priority)
        if self._held == self._k:
            self._most = rows.priority[-1]
        return rows

    def finish(self) -> Rows:
        """The rows kept."""
        return self._shrink()


def _contents(batch: Any) -> list[Any]:
    """Something that differs where the values of a few rows differ; Arrow's own conversion refuses some dates."""
    found: list[Any] = []
    for column in batch.columns:
        what = family(column.type)
        if what in ("number", "time"):
            found += [column.null_count, plain(column).tobytes()]
        elif what in ("text", "boolean"):
            levels, codes = coded(column)
            found.append([None if code < 0 else levels[code].as_py() for code in codes.tolist()])
    return found


def stored_type(kind: Any) -> Any:
    """The type that kept values of an Arrow type have, None where they are not kept."""
    types = pa.types
    if types.is_dictionary(kind):
        return CATEGORY if family(kind) == "text" else None
    if types.is_decimal(kind):
        return pa.float64()
    if types.is_large_string(kind):
        return pa.string()
    if types.is_duration(kind) or types.is_time(kind):
        return kind
    plain = types.is_integer(kind) or types.is_floating(kind) or types.is_string(kind) or types.is_boolean(kind)
    return kind if plain or types.is_null(kind) or types.is_date(kind) or types.is_timestamp(kind) else None


def stored_schema(schema: Any) -> Any:
    """The columns of a schema that are kept, with the types that they are kept in."""
    pairs = [(field.name, stored_type(field.type)) for field in schema]
    return pa.schema([(name, kind) for name, kind in pairs if kind is not None])


def as_stored(batch: Any, schema: Any) -> Any:
    """A batch as a table of a stored schema."""
    arrays = []
    for field in schema:
        array = batch.column(field.name)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if field.type == CATEGORY:
            array = array.cast(pa.string()).dictionary_encode()
        arrays.append(array.cast(field.type, safe=False))
    return pa.table(arrays, schema=schema)
