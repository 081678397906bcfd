"""Columns of a stream: what each is, decided on a reference alone, and batches of later rows as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import BadInput, Floats, Ints

from ._frame import Frame
from ._kinds import decide
from ._pool import pool
from ._pooled_column import PooledColumn
from ._roles import EVERYTHING, Roles
from ._table import NAMED, Kind, Untested

Family = Literal["number", "text"]
Measure = Literal["", "missing", "length", "words", "digits"]


@dataclass(frozen=True)
class StreamColumn:
    """One column of a stream as numbers that have an order.

    Parameters
    ----------
    name : str
        Of the feature; a text's length has a name of its own.
    source : str
        The column that it is read from.
    kind : Kind
    family : str
        What the reference stores there, ``number``, ``boolean``, ``time`` or ``text``.
    levels : tuple of str
        Of text categories: their order here, by falling count in the reference.
    measure : str
        ``""`` for the value; or what is measured of it: ``missing``, ``length``, ``words``, ``digits``.
    """

    name: str
    source: str
    kind: Kind
    family: str
    levels: tuple[str, ...] = ()
    measure: Measure = ""

    @property
    def nominal(self) -> bool:
        """Whether the order of the values means nothing."""
        return self.kind == "category"


@dataclass(frozen=True)
class Encoded:
    """A batch of rows as numbers.

    Parameters
    ----------
    values : (t, d) float64
        Without NaN: a missing value is infinite, a level that the reference lacks comes after all others.
    missing, unseen : (t,) int64
        How many values of each row are missing, and how many are levels that the reference lacks.
    breaks : mapping of str to str
        Columns that cannot be read as the reference's: absent, or of another type; and what is wrong. Their values
        are missing.
    new_levels : mapping of str to tuple of str
        Levels that the reference lacks, at most 100 a column.
    """

    values: Floats
    missing: Ints
    unseen: Ints
    breaks: Mapping[str, str]
    new_levels: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class StreamColumns:
    """What the columns of a stream are.

    Parameters
    ----------
    columns : tuple of StreamColumn
    untested : tuple of Untested
        Columns that nothing watches, with the reason.

    Examples
    --------
    >>> from ecotone.data import read_table
    >>> kinds = StreamColumns.of(read_table({"x": [1.5, 2.5, 9.0, 4.0], "city": ["Ulm", "Bonn", "Ulm", "Bonn"]}))
    >>> batch = kinds.encode(pa.table({"x": [3.0, None], "city": ["Kiel", "Ulm"]}))
    >>> batch.values.tolist(), batch.new_levels
    ([[3.0, 2.0], [inf, 1.0]], {'city': ('Kiel',)})
    """

    columns: tuple[StreamColumn, ...]
    untested: tuple[Untested, ...] = ()

    @classmethod
    def of(cls, reference: Frame, roles: Roles = EVERYTHING) -> StreamColumns:
        """Decide on a reference what its columns are, as a comparison of its two halves would.

        Raises
        ------
        BadInput
            Where no column can be watched.
        """
        table, half = reference.arrow, reference.n // 2
        features: list[StreamColumn] = []
        untested: list[Untested] = []
        for name in table.column_names:
            if not roles.compares(name):
                continue
            raw = pool(name, table[name].slice(0, half), table[name].slice(half))
            typed = decide(raw, roles.told(name))
            untested += [typed.untested] if typed.untested else []
            for f in typed.features:
                levels = _levels(raw) if f.kind in NAMED and f.derived_from is None and raw.family == "text" else ()
                features.append(StreamColumn(f.name, name, f.kind, raw.family, levels, _measure(f.name, name)))
        if not features:
            why = "; ".join(f"{u.name}: {u.reason}" for u in untested[:3])
            raise BadInput(f"no column of the reference can be watched ({why or 'it has none'}); give others")
        return cls(tuple(features), tuple(untested))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features."""
        return tuple(c.name for c in self.columns)

    def encode(self, batch: pa.Table) -> Encoded:
        """Rows of a batch as numbers."""
        raws: dict[str, PooledColumn] = {}
        breaks: dict[str, str] = {}
        for column in self.columns:
            if column.source not in raws and column.source not in breaks:
                held = _read(batch, column)
                if isinstance(held, str):
                    breaks[column.source] = held
                else:
                    raws[column.source] = held
        values = np.full((batch.num_rows, len(self.columns)), np.inf)
        missing, unseen = np.zeros((2, batch.num_rows), np.int64)
        new: dict[str, tuple[str, ...]] = {}
        for j, column in enumerate(self.columns):
            if column.source not in raws:
                missing += column.measure == ""
                continue
            found, gone, strange = _values(raws[column.source], column)
            values[:, j] = np.where(np.isnan(found), np.inf, found)
            if column.measure == "":
                missing += gone
            if strange is not None:
                unseen += strange[0]
                new |= {column.source: strange[1]} if strange[1] else {}
        return Encoded(values, missing, unseen, breaks, new)


def _read(batch: pa.Table, column: StreamColumn) -> PooledColumn | str:
    """The column of a batch, or why it cannot be read as the reference's."""
    name = column.source
    if name not in batch.column_names:
        return "the column is not there"
    raw = pool(name, batch[name].slice(0, 0), batch[name])
    if raw.family == "null":
        return PooledColumn(name, "null", 0, np.full(batch.num_rows, np.nan))
    fits = raw.family == column.family or {raw.family, column.family} == {"number", "boolean"}
    if column.family == "text" and not fits and raw.family in ("number", "boolean", "time"):
        text = batch[name]  # numbers in a batch of text: still text
        if pa.types.is_string(text.type) or pa.types.is_large_string(text.type) or pa.types.is_dictionary(text.type):
            return _as_text(name, text)
    return raw if fits else f"it holds {_WORDS[raw.family]}, where the reference has {_WORDS[column.family]}"


_WORDS = {
    "boolean": "true/false",
    "number": "numbers",
    "time": "date-times",
    "text": "text",
    "nested": "nested values",
    "mismatch": "values of several types",
    "null": "nothing",
}


def _as_text(name: str, values: pa.ChunkedArray) -> PooledColumn:
    encoded = values.cast(pa.large_string()).dictionary_encode().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return PooledColumn(name, "text", 0, codes=codes, dictionary=encoded.dictionary)


def _levels(raw: PooledColumn) -> tuple[str, ...]:
    """All levels of a text column, the declared order or by falling count, equal counts by name."""
    if raw.ordered:
        return raw.ordered
    counts = np.bincount(raw.codes[raw.codes >= 0], minlength=len(raw.dictionary))
    often = dict(zip(raw.dictionary.to_pylist(), counts.tolist()))
    return tuple(sorted(often, key=lambda word: (-often[word], word)))


def _measure(feature: str, source: str) -> Measure:
    ends: Sequence[Measure] = ("missing", "length", "words", "digits")
    return next((e for e in ends if feature != source and f"[{e}]" in feature), "")


def _values(raw: PooledColumn, column: StreamColumn) -> tuple[Floats, Ints, tuple[Ints, tuple[str, ...]] | None]:
    """Values (NaN where missing), which are missing, and of levels which rows and words are new."""
    gone = raw.missing.astype(np.int64)
    if column.measure == "missing":
        return raw.missing.astype(np.float64), gone, None
    if raw.family == "null" or column.family != "text":
        return raw.values, gone, None
    if column.measure:
        found = _MEASURES[column.measure](raw.dictionary).cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.append(found, np.nan)[raw.codes], gone, None
    place = {level: float(k) for k, level in enumerate(column.levels)}
    words = raw.dictionary.to_pylist()
    at = np.array([place.get(w, float(len(place))) for w in words] + [np.nan])
    used = np.unique(raw.codes[raw.codes >= 0])
    strange = tuple(words[k] for k in used if at[k] == len(place))
    found = at[raw.codes]
    return found, gone, ((found == len(place)).astype(np.int64), strange[:100])


_MEASURES = {
    "length": pc.utf8_length,
    "words": lambda words: pc.count_substring_regex(words, r"\S+"),
    "digits": lambda words: pc.count_substring_regex(words, r"[0-9]"),
}
