"""Tables in memory: data frames, mappings of columns, arrays, and Arrow's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from ecotone.contracts import BadInput

from ._failures import check_names, first_line
from ._pandas_index import without_index
from ._part import Request, skip


class FramePart:
    """A table in memory, or a stream of one.

    Parameters
    ----------
    name : str
    held : pyarrow.Table, Dataset or RecordBatchReader
    """

    def __init__(self, name: str, held: Any) -> None:
        self.name, self._held = name, held

    @property
    def again(self) -> bool:
        """Whether it can be read more than once; a dataset in memory may stand for a stream."""
        return not isinstance(self._held, pa.RecordBatchReader | ds.InMemoryDataset)

    @property
    def seeks(self) -> bool:
        return isinstance(self._held, pa.Table)

    @property
    def schema(self) -> pa.Schema:
        return without_index(self._held.schema)

    def count(self) -> int:
        return int(self._held.num_rows if self.seeks else self._held.count_rows())

    def batches(self, request: Request, first: int = 0) -> Iterator[pa.RecordBatch]:
        if isinstance(self._held, pa.RecordBatchReader):
            return skip(self._held, first)
        if isinstance(self._held, ds.Dataset):
            return skip(self._held.to_batches(columns=request.schema.names, batch_size=request.rows), first)
        return iter(self._held.slice(first).select(request.schema.names).to_batches(max_chunksize=request.rows))

    def between(self, first: int, stop: int) -> FramePart:
        """Some rows, as a part that travels without the others."""
        return FramePart(self.name, self._held.slice(first, stop - first)) if self.seeks else self

    def __getstate__(self) -> dict[str, Any]:
        """A slice's own rows: pickled as it is, it would take along the whole table's."""
        if not self.seeks:
            return self.__dict__
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._held.schema) as stream:
            stream.write_table(self._held)
        return {"name": self.name, "_held": sink.getvalue().to_pybytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        held = state["_held"]
        self.name = state["name"]
        self._held = pa.ipc.open_stream(held).read_all() if isinstance(held, bytes) else held


def frame_part(source: Any, name: str, notes: list[str]) -> FramePart:
    """The part that an object in memory is; ``notes`` gets what had to be changed to read it."""
    is_stored = isinstance(source, pa.RecordBatchReader | ds.Dataset)
    return FramePart(name, source if is_stored else _in_memory(source, name, notes))


def _in_memory(source: Any, name: str, notes: list[str]) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    if isinstance(source, np.ndarray):
        return _from_array(source, name, notes)
    if isinstance(source, dict):
        return _from_columns({str(k): v for k, v in source.items()}, name, notes)
    try:
        frame: Any = nw.from_native(source)
    except TypeError:
        raise BadInput(
            f"{name} is a {type(source).__name__}, not a table; "
            "give a path, a data frame, a mapping of arrays or an array"
        ) from None
    except Exception as error:  # narwhals names no column when names are not distinct
        check_names(map(str, getattr(source, "columns", ())), name)
        raise BadInput(f"{name} cannot be read as a data frame: {first_line(error)}") from None
    if not isinstance(frame, nw.DataFrame | nw.LazyFrame):
        raise BadInput(f"{name} is a {type(source).__name__}, not a table; give a data frame")
    if isinstance(frame, nw.DataFrame) and frame.implementation.is_pandas_like():
        return _from_pandas(frame, name, notes)
    try:
        eager = frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame
        if any(t == nw.Object for t in eager.schema.values()):  # Arrow would hold their addresses
            columns = {
                c: eager[c].to_list() if t == nw.Object else eager[c].to_arrow() for c, t in eager.schema.items()
            }
            return _from_columns(columns, name, notes)
        return eager.to_arrow()
    except BadInput:
        raise
    except Exception as error:
        reason = first_line(error)
        raise BadInput(f"{name} cannot be computed ({reason}); give columns of plain types that are there") from None


def _from_array(a: np.ndarray[Any, Any], name: str, notes: list[str]) -> pa.Table:
    if a.dtype.names:
        return _from_columns({f: a[f] for f in a.dtype.names}, name, notes)
    if a.ndim not in (1, 2):
        raise BadInput(f"{name} is an array of shape {a.shape}; give one or two dimensions, rows first")
    a = a[:, None] if a.ndim == 1 else a
    return _from_columns({f"x{j}": a[:, j] for j in range(a.shape[1])}, name, notes)


def _from_pandas(frame: nw.DataFrame[Any], name: str, notes: list[str]) -> pa.Table:
    native = frame.to_native()
    check_names(map(str, native.columns), name)
    return _from_columns({str(c): native[c] for c in native.columns}, name, notes)


def _from_columns(columns: dict[str, Any], name: str, notes: list[str]) -> pa.Table:
    arrays = {utf8(column): _as_arrow(column, values, name, notes) for column, values in columns.items()}
    lengths = {column: len(a) for column, a in arrays.items()}
    if len(set(lengths.values())) > 1:
        (first, n), (other, m) = next((a, b) for a in lengths.items() for b in lengths.items() if a[1] != b[1])
        raise BadInput(f"{name}: column {first!r} has {n} rows and {other!r} has {m}; give columns of equal length")
    return pa.table(arrays)


def _as_arrow(column: str, values: Any, name: str, notes: list[str]) -> Any:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise BadInput(f"{name}: column {column!r} has shape {values.shape}; give one-dimensional columns")
    values = _with_units(values)
    try:
        if not isinstance(values, np.ndarray) and hasattr(values, "__arrow_c_stream__"):
            return pa.chunked_array(values)
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, ValueError, OverflowError):
        pass
    try:
        items = list(values)
    except TypeError:
        raise BadInput(f"{name}: column {column!r} is a {type(values).__name__}; give a sequence of values") from None
    kinds = sorted({type(v).__name__ for v in items if not _missing(v)})
    notes.append(f"{column}: holds values of several types in {name} ({', '.join(kinds[:4])}); read as text")
    return pa.array([None if _missing(v) else utf8(str(v)) for v in items], pa.string())


def _with_units(values: Any) -> Any:
    """NumPy's times without a unit as what they hold: Arrow crashes on them."""
    if not isinstance(values, list | tuple) and str(getattr(values, "dtype", "")) != "object":
        return values
    if not any(isinstance(v, np.datetime64 | np.timedelta64) for v in values):
        return values
    bare = [isinstance(v, np.datetime64 | np.timedelta64) and np.datetime_data(v.dtype)[0] == "generic" for v in values]
    return [(None if np.isnat(v) else v.item()) if is_bare else v for v, is_bare in zip(values, bare)]


def utf8(text: str) -> str:
    """Lone surrogates, which no file can hold, become question marks."""
    return text.encode("utf-8", "replace").decode()


def _missing(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)  # NaN and NaT alone differ from themselves
    except (TypeError, ValueError):  # pandas.NA has no truth value
        return type(value).__name__ == "NAType"
