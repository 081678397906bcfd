"""A user's kind of table, and tables given back as that."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecotone.contracts import BadInput, Bools

from ._pandas import as_dtype, dtype_word, fill_series
from ._types import plain


@dataclass(frozen=True)
class Native:
    """How a table went in.

    Parameters
    ----------
    kind : {"pandas", "polars", "pyarrow", "numpy"}
    dtypes : mapping of column to what ``_pandas.dtype_word`` says
    labels : mapping of column to its label in pandas, where that is no text
    schema : str
        Of polars and Arrow: the schema as Arrow writes it, in base64.
    """

    kind: str = "pyarrow"
    dtypes: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    schema: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def of(cls, source: Any) -> Native:
        """What kind of table the user has."""
        try:
            frame: Any = nw.from_native(source)
            kind = str(nw.get_native_namespace(frame).__name__)
        except Exception:  # of whatever kind, it is none of these, and the reader says what is wrong with it
            frame, kind = None, "numpy" if isinstance(source, np.ndarray) and source.dtype.names is None else ""
        if kind == "pandas":
            dtypes = {str(c): dtype_word(source[c].dtype) for c in source.columns if source.columns.is_unique}
            labels = {str(c): int(c) for c in source.columns if isinstance(c, int | np.integer)}
            return cls(kind, dtypes, labels)
        if kind in ("polars", "pyarrow") and isinstance(frame, nw.DataFrame):
            return cls(kind, schema=_schema_word(frame.to_arrow().schema))
        return cls("numpy" if kind == "numpy" else "pyarrow")

    def give(self, table: pa.Table) -> Any:
        """The table as the user's kind of one; ``numpy`` is an array of numbers."""
        if self.kind == "numpy":
            return np.column_stack([np.asarray(c.to_numpy(), np.float64) for c in table.columns])
        if self.kind == "pandas":
            return self._pandas(table)
        if self.schema:
            table = _restored(table, _schema_of(self.schema))
        return _as_polars(table) if self.kind == "polars" else table

    def _pandas(self, table: pa.Table) -> Any:
        import pandas as pd

        values = {name: as_dtype(plain(table.column(name)), self.dtypes[name]) for name in table.column_names}
        made = {name: pd.Series(v, dtype=v.dtype) for name, v in values.items()}  # bare objects would become texts
        frame = pd.DataFrame(made, index=pd.RangeIndex(table.num_rows))
        frame.columns = pd.Index([self.labels.get(name, name) for name in table.column_names])
        return frame

    def fill(self, source: Any, table: pa.Table, filled: pa.Table, gaps: dict[str, Bools]) -> Any:
        """``source``, read as ``table``, with its ``gaps`` by column taken from ``filled``; all else as it was."""
        if self.kind == "pandas":
            return _fill_pandas(source, filled, gaps)
        for name, gone in gaps.items():
            place = table.column_names.index(name)
            whole = _filled(table.column(name), filled.column(name), gone)
            table = table.set_column(place, table.schema.field(place).with_type(whole.type), whole)
        return self.give(table)


def _fill_pandas(source: Any, filled: pa.Table, gaps: dict[str, Bools]) -> Any:
    frame = source.copy()
    for place, label in enumerate(source.columns):
        gone = gaps.get(str(label))
        if gone is not None:
            array = plain(filled.column(str(label))).filter(pa.array(gone))
            frame.isetitem(place, fill_series(source.iloc[:, place], gone, array))
    return frame


def _filled(column: Any, filled: Any, gone: Bools) -> pa.Array:
    """An Arrow column with its gaps taken from ``filled``, in its own plain type; in the other's where it has none."""
    old, new = plain(column), plain(filled)
    kind = new.type if pa.types.is_null(old.type) else old.type
    bare = kind.value_type if pa.types.is_dictionary(kind) else kind
    parts = [part.dictionary_decode() if pa.types.is_dictionary(part.type) else part for part in (new, old)]
    try:
        whole = pc.if_else(pa.array(gone), *(part.cast(bare, safe=False) for part in parts))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # learned as words that its own type cannot hold
        return pc.if_else(pa.array(gone), parts[0], parts[1].cast(parts[0].type))
    if not pa.types.is_dictionary(kind):
        return whole
    known = (
        pa.concat_arrays([old.dictionary, whole.unique().drop_null()]).unique()
        if pa.types.is_dictionary(old.type)
        else whole.unique()
    )
    index = pc.index_in(whole, known)
    most = np.iinfo(kind.index_type.to_pandas_dtype()).max
    return pa.DictionaryArray.from_arrays(
        index.cast(kind.index_type if len(known) <= most else pa.int64()), known, ordered=kind.ordered
    )


def _restored(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with the types and metadata of a schema, which may have more columns."""
    for i, name in enumerate(table.column_names):
        place = schema.get_field_index(name)
        if place < 0:
            continue
        array = plain(table.column(name))
        try:
            made = array if pa.types.is_null(schema.field(place).type) else _as_type(array, schema.field(place).type)
        except pa.ArrowInvalid:  # filled with words that the type cannot hold
            made = array
        table = table.set_column(i, schema.field(place).with_type(made.type), made)
    return table


def _as_type(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """A plain array in the type that it was before."""
    if array.type == kind:
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, _as_type(array, kind.storage_type))
    if pa.types.is_run_end_encoded(kind):
        return pc.run_end_encode(_as_type(array, kind.value_type), kind.run_end_type)
    if pa.types.is_dictionary(kind) and pa.types.is_dictionary(array.type):
        levels = _as_type(array.dictionary, kind.value_type)
        return pa.DictionaryArray.from_arrays(array.indices, levels, ordered=kind.ordered)
    return array.cast(kind)


def _as_polars(table: pa.Table) -> Any:
    import polars

    return polars.from_arrow(table)


def _schema_word(schema: pa.Schema) -> str:
    return base64.b64encode(schema.remove_metadata().serialize().to_pybytes()).decode()


def _schema_of(said: str) -> pa.Schema:
    try:
        return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(said, validate=True)))
    except (ValueError, OSError, pa.ArrowException):
        raise BadInput("the model's record of its table's types is damaged; save the model again") from None
