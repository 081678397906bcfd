"""One table from a file, a folder, a database, a data frame or arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Bools

from ._files import read_path
from ._table import Part

if TYPE_CHECKING:
    from ._profile import Profile


@dataclass(frozen=True)
class Frame:
    """A table as it was read, before its columns are typed.

    Parameters
    ----------
    arrow : pyarrow.Table
        At least one row and one column; distinct names.
    parts : tuple of Part
        Files (or the one frame) that the rows came from, in order.
    notes : tuple of str
        What had to be changed to read it.
    name : str
        What error messages call it.
    calibration : (n,) bool or None
        Of a profile's rows: True for those that nothing may be fitted on.
    """

    arrow: pa.Table
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    name: str = "reference"
    calibration: Bools | None = None

    @property
    def n(self) -> int:
        return int(self.arrow.num_rows)


def read_table(source: Any, *, name: str = "reference") -> Frame:
    """Read a table from wherever it is.

    Parameters
    ----------
    source : str, Path, data frame, mapping or array
        A path to CSV (``.csv``, ``.csv.gz``, ``.tsv``), Parquet or Arrow IPC (``.arrow``, ``.feather``, ``.ipc``);
        a glob or a folder of them, read in sorted order of their paths; a profile (``.profile``, or the object), for
        the rows that it keeps; ``file.duckdb::table``, or the file alone
        where it holds one table; any data frame that narwhals knows (pandas, polars, Arrow, a DuckDB relation); a
        mapping of names to one-dimensional arrays; an array ``(n,)``, ``(n, d)`` (columns ``x0`` …) or structured.
    name : str
        What error messages call the table.

    Returns
    -------
    Frame

    Raises
    ------
    BadInput
        In one sentence with the remedy: no such file, nothing readable, no rows, no columns, two columns of one
        name, files that do not fit together, an object that is no table.

    Examples
    --------
    >>> frame = read_table({"x": [1.0, 2.0], "city": ["Ulm", None]})
    >>> frame.n, frame.arrow.column_names
    (2, ['x', 'city'])
    """
    if isinstance(source, Frame):
        return source
    notes: list[str] = []
    if (kept := _kept_rows(source, name)) is not None:
        return kept
    if isinstance(source, str | Path):
        try:
            table, parts = read_path(str(source), name)
        except (OSError, ValueError) as error:
            if isinstance(error, BadInput):
                raise
            reason = getattr(error, "strerror", None) or _first_line(error)
            raise BadInput(f"{name}: {str(source)[:300]!r} cannot be read: {reason}; check the path") from None
        parts = tuple(Part(_utf8(part.name), part.rows) for part in parts)
    else:
        table = _in_memory(source, name, notes)
        parts = (Part(name, table.num_rows),)
    _check(table, name, source)
    return Frame(table, parts, tuple(notes), name)


def open_profile(source: Any, name: str) -> Profile | None:
    """The profile that a source is (a path or the object); None where it is none."""
    is_path = _is_profile_path(source)
    if not is_path and not hasattr(source, "to_frame"):
        return None
    from ._profile import Profile

    try:
        held = Profile.load(source) if is_path else source
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from None
    return held if isinstance(held, Profile) else None


def _is_profile_path(source: Any) -> bool:
    return isinstance(source, str | Path) and str(source).endswith(".profile") and not os.path.isdir(source)


def _kept_rows(source: Any, name: str) -> Frame | None:
    """The rows that a profile keeps; None where the source is no profile."""
    held = open_profile(source, name)
    if held is None:
        return None
    is_path = _is_profile_path(source)
    try:
        return held.to_frame(_utf8(str(source)) if is_path else name)
    except BadInput as error:
        raise BadInput(f"{name} ({source}): {error}" if is_path else f"{name}: {error}") from None


def _check(table: pa.Table, name: str, source: Any) -> None:
    where = f"{name} ({source})" if isinstance(source, str | Path) else name
    try:
        names = table.column_names
    except UnicodeDecodeError:
        raise BadInput(f"{where} has a column name that is not UTF-8 text; is it a table, and whole?") from None
    _check_distinct(names, where)
    if not names:
        raise BadInput(f"{where} has no columns; give a table with at least one")
    if table.num_rows == 0:
        raise BadInput(f"{where} has no rows; give a table with at least one")


def _check_distinct(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for column in names:
        if column in seen:
            raise BadInput(f"{where} has two columns named {column!r}; rename one of them")
        seen.add(column)


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
        _check_distinct(map(str, getattr(source, "columns", ())), name)
        raise BadInput(f"{name} cannot be read as a data frame: {_first_line(error)}") from None
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
        reason = _first_line(error)
        raise BadInput(f"{name} cannot be computed ({reason}); give columns of plain types that are there") from None


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200]


def _from_array(a: np.ndarray[Any, Any], name: str, notes: list[str]) -> pa.Table:
    if a.dtype.names:
        return _from_columns({f: a[f] for f in a.dtype.names}, name, notes)
    if a.ndim not in (1, 2):
        raise BadInput(f"{name} is an array of shape {a.shape}; give one or two dimensions, rows first")
    a = a[:, None] if a.ndim == 1 else a
    return _from_columns({f"x{j}": a[:, j] for j in range(a.shape[1])}, name, notes)


def _from_pandas(frame: nw.DataFrame[Any], name: str, notes: list[str]) -> pa.Table:
    native = frame.to_native()
    _check_distinct(map(str, native.columns), name)
    return _from_columns({str(c): native[c] for c in native.columns}, name, notes)


def _from_columns(columns: dict[str, Any], name: str, notes: list[str]) -> pa.Table:
    arrays = {_utf8(column): _as_arrow(column, values, name, notes) for column, values in columns.items()}
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
    return pa.array([None if _missing(v) else _utf8(str(v)) for v in items], pa.string())


def _with_units(values: Any) -> Any:
    """NumPy's times without a unit as what they hold: Arrow crashes on them."""
    if not isinstance(values, list | tuple) and str(getattr(values, "dtype", "")) != "object":
        return values
    if not any(isinstance(v, np.datetime64 | np.timedelta64) for v in values):
        return values
    bare = [isinstance(v, np.datetime64 | np.timedelta64) and np.datetime_data(v.dtype)[0] == "generic" for v in values]
    return [(None if np.isnat(v) else v.item()) if is_bare else v for v, is_bare in zip(values, bare)]


def _utf8(text: str) -> str:
    """Lone surrogates, which no file can hold, become question marks."""
    return text.encode("utf-8", "replace").decode()


def _missing(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)  # NaN and NaT alone differ from themselves
    except (TypeError, ValueError):  # pandas.NA has no truth value
        return type(value).__name__ == "NAType"
